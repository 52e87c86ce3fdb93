//! The estimate of the write pause in one line.

use std::time::Duration;

use transhume_engine::cutover::write_pause::{Forecast, PauseEstimate, PausePart};

use crate::show::quantity::Span;

/// Parts below this many milliseconds are not named by themselves.
const NAMED_FROM: f64 = 1.0;

/// Of a migration that is followed.
pub(crate) fn estimate(estimate: &PauseEstimate) -> String {
    let measured = match estimate.rehearsal_age_seconds {
        Some(age) if estimate.forecast.rehearsed => {
            let age = Span(Duration::try_from_secs_f64(age.round()).unwrap_or_default());
            format!("rehearsed {age} ago: {}", names(&estimate.forecast))
        }
        _ => "--rehearse measures it".to_owned(),
    };
    format!("{}; {measured}", forecast(&estimate.forecast))
}

pub(crate) fn forecast(forecast: &Forecast) -> String {
    format!(
        "about {}: {}",
        milliseconds(forecast.milliseconds),
        parts(&forecast.parts)
    )
}

pub(crate) fn parts(parts: &[PausePart]) -> String {
    let named = parts.iter().filter(|part| part.milliseconds >= NAMED_FROM);
    let named: Vec<_> = named
        .map(|part| format!("{} {}", part.name.short(), milliseconds(part.milliseconds)))
        .collect();
    named.join(", ")
}

fn names(forecast: &Forecast) -> String {
    let measured = forecast.parts.iter().filter(|part| part.measured);
    let names: Vec<_> = measured.map(|part| part.name.short()).collect();
    format!("{} measured", names.join(", "))
}

pub(crate) fn milliseconds(milliseconds: f64) -> String {
    if milliseconds < 1_000.0 {
        return format!("{milliseconds:.0} ms");
    }
    Span(Duration::try_from_secs_f64(milliseconds / 1_000.0).unwrap_or_default()).to_string()
}
