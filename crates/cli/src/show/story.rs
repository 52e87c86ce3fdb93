//! Lines of the history in words, and the steps of a cutover that one holds.

use serde_json::Value;
use transhume_engine::{
    count::{counted, grouped},
    status::HistoryLine,
};

use super::{
    quantity::Size,
    terminal::{secret::redact, write_pause::milliseconds},
};

/// Characters of a line's figures that are shown; what is longer is in the JSON.
const LONGEST: usize = 240;

/// Its figures in a line; lists are left to the pages that draw them, and to the JSON.
pub(crate) fn detail(line: &HistoryLine) -> Option<String> {
    let fields = line.detail.as_object().filter(|fields| !fields.is_empty())?;
    let reported: Vec<String> = if let Some(message) = line.detail["message"].as_str() {
        // What to do about it stands with the findings, while it is to be done.
        vec![message.to_owned()]
    } else if steps(line).is_empty() {
        let plain = |value: &Value| !value.is_array() && !value.is_object() && !value.is_null();
        let plain = fields.iter().filter(|(_, value)| plain(value));
        plain.map(|(name, value)| figure(name, value)).collect()
    } else {
        of_switch(&line.detail)
    };
    let reported = redact(&reported.join(", "));
    let mut short: String = reported.chars().take(LONGEST).collect();
    if short.len() < reported.len() {
        short.push('…');
    }
    Some(short)
}

/// Of a rehearsal or a cutover: what came of it, and who did it. Its steps are drawn elsewhere.
fn of_switch(detail: &Value) -> Vec<String> {
    let time = |key: &str| detail[key].as_f64().map(milliseconds);
    let count = |key: &str| detail[key].as_u64().filter(|count| *count > 0);
    let told = [
        detail["unfinished"]["message"]
            .as_str()
            .map(|reason| format!("not done: {reason}")),
        time("write_pause_milliseconds").map(|pause| format!("writers waited {pause}")),
        time("forecast_milliseconds").map(|forecast| format!("a cutover would take about {forecast}")),
        count("late_changes").map(|late| format!("{} committed after the fence", counted(late, "change"))),
        count("fence_attempts")
            .filter(|tries| *tries > 1)
            .map(|tries| format!("locked at try {tries}")),
        count("sessions_ended").map(|sessions| format!("{} ended", counted(sessions, "session"))),
        detail["by"].as_str().map(|who| format!("by {who}")),
    ];
    told.into_iter().flatten().collect()
}

/// A name and its value, in the unit that the name ends with.
fn figure(name: &str, value: &Value) -> String {
    let words = |name: &str| name.replace('_', " ");
    if let Some(bytes) = value.as_u64() {
        if name == "bytes" {
            return format!("size: {}", Size(bytes));
        }
        if let Some(name) = name.strip_suffix("_bytes") {
            return format!("{}: {}", words(name), Size(bytes));
        }
    }
    if let (Some(name), Some(time)) = (name.strip_suffix("_milliseconds"), value.as_f64()) {
        return format!("{}: {}", words(name), milliseconds(time));
    }
    format!("{}: {}", words(name), plain(value))
}

/// Measured values to a tenth: nobody reads more.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(is_so) => (if *is_so { "yes" } else { "no" }).to_owned(),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => grouped(whole),
            (None, Some(measured)) if number.is_f64() => format!("{measured:.1}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// Of a rehearsal or a cutover, with their milliseconds; none of other lines.
pub(crate) fn steps(line: &HistoryLine) -> Vec<(String, f64)> {
    let steps = line.detail.get("steps").and_then(Value::as_array);
    let step = |step: &Value| {
        let name = step.get("name")?.as_str()?.to_owned();
        Some((name, step.get("milliseconds")?.as_f64()?))
    };
    steps
        .map(|steps| steps.iter().filter_map(step).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(detail: Value) -> HistoryLine {
        HistoryLine {
            at: "2026-12-02T16:42:29Z".to_owned(),
            epoch: 0.0,
            step: "load".to_owned(),
            detail,
        }
    }

    #[test]
    fn figures_have_units_and_a_rehearsal_is_told_by_what_came_of_it() {
        let told = |detail| detail_of(&line(detail));
        assert_eq!(
            told(
                json!({ "bytes": 30_141_502, "rows": 225_000, "retained_bytes": 2048, "took_milliseconds": 1500.0 })
            ),
            "size: 28.7 MB, retained: 2.00 kB, rows: 225,000, took: 1.5 s"
        );
        let stop =
            json!({ "detail": "SQLSTATE 23505.", "message": "a row is in the way", "remedy": "mend it" });
        assert_eq!(told(stop), "a row is in the way");
        let rehearsal = json!({
            "by": "ann on vm", "fence_attempts": 2, "late_changes": 0, "migration": "5ddc2583", "sessions_ended": 1,
            "write_pause_milliseconds": 104.2, "forecast_milliseconds": 107.6,
            "steps": [{ "name": "drain", "milliseconds": 77.5 }],
        });
        assert_eq!(
            told(rehearsal),
            "writers waited 104 ms, a cutover would take about 108 ms, locked at try 2, 1 session ended, by ann on vm"
        );
    }

    fn detail_of(line: &HistoryLine) -> String {
        detail(line).unwrap_or_default()
    }
}
