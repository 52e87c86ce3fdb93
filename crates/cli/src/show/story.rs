//! Lines of the history in words, and the steps of a cutover that one holds.

use serde_json::Value;
use transhume_engine::status::HistoryLine;

use super::terminal::secret::redact;

/// Characters of a line's figures that are shown; what is longer is in the JSON.
const LONGEST: usize = 240;

/// Its figures in a line; lists are left to the pages that draw them, and to the JSON.
pub(crate) fn detail(line: &HistoryLine) -> Option<String> {
    let fields = line.detail.as_object().filter(|fields| !fields.is_empty())?;
    let reported: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_array() && !value.is_object() && !value.is_null())
        .map(|(name, value)| {
            let value = plain(value);
            format!("{}: {value}", name.replace('_', " "))
        })
        .collect();
    let reported = redact(&reported.join(", "));
    let mut short: String = reported.chars().take(LONGEST).collect();
    if short.len() < reported.len() {
        short.push('…');
    }
    Some(short)
}

/// Measured values to a tenth: nobody reads more.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(is_so) => (if *is_so { "yes" } else { "no" }).to_owned(),
        Value::Number(number) if number.is_f64() => format!("{:.1}", number.as_f64().unwrap_or_default()),
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
