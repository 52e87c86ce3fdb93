//! What a switch did, step by step.

use transhume_engine::{count::counted, cutover::CutoverReport};

use super::{style::Style, table::table, write_pause};
use crate::show::report;

/// Also a part of the report of `demo`.
pub(crate) fn text(report: &CutoverReport, _style: Style) -> String {
    let rows = report
        .steps
        .iter()
        .map(|step| vec![step.name.to_string(), format!("{:.1}", step.milliseconds)]);
    let steps = table(&["step", "milliseconds"], &[1], rows);
    let way_back = match report.way_back {
        Some(start) => format!("open, from {start} of {} on", report.target),
        None => "none".to_owned(),
    };
    let late = match report.late_changes {
        0 => "none".to_owned(),
        number => format!(
            "{} COMMITTED AFTER THE FENCE: on {} only",
            counted(number, "change").to_uppercase(),
            report.source
        ),
    };
    if let Some(forecast) = report.forecast_milliseconds {
        return format!(
            "{steps}\nrehearsed       {:.0} ms, all undone\nforecast        a write pause of about {forecast:.0} ms: {}\n",
            report.write_pause_milliseconds,
            write_pause::parts(&report.forecast_parts),
        );
    }
    format!(
        "{steps}\nwrite pause     {:.0} ms{}\nclosed          {}, at {}\nopen            {}\n\
         fence           taken at try {}, {} ended\nsequences set   {}\nfallback        {way_back}\nlate changes    {late}\n",
        report.write_pause_milliseconds,
        report::eased_before(report),
        report.source,
        report.fence_lsn,
        report.target,
        report.fence_attempts,
        counted(report.sessions_ended, "session"),
        report.sequences_set,
    )
}
