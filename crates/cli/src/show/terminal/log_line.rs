//! One thing said on stderr, as a line for people, the same with its time, or as JSON for collectors of logs.
//!
//! Pure: the clock comes in as a value. Texts are cleaned by whoever says them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// `--log-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people; with times where stderr is no terminal and the command stays.
    #[default]
    Text,
    /// One JSON object a line, with stable names of events.
    Json,
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    Plain,
    /// Each line begins with its time.
    Timed,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Trace,
    Debug,
    Info,
    Warning,
    Error,
}

/// What is said. The names of events are a stable face for scripts; `docs/reference/logs.md` lists them.
#[derive(Debug, Serialize)]
pub(crate) struct Said<'a> {
    pub(crate) level: Level,
    pub(crate) event: &'a str,
    /// One of several; empty where there is one.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) database: &'a str,
    pub(crate) message: &'a str,
    /// The figures behind the message, or what else belongs to it; null where nothing does.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) data: Value,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    said: &'a Said<'a>,
}

/// RFC 3339, in UTC.
fn time(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `text` is the line for people, with its colours and its end.
pub(crate) fn line(voice: Voice, now: Timestamp, said: &Said<'_>, text: &str) -> String {
    match voice {
        Voice::Plain => text.to_owned(),
        Voice::Timed => format!("{} {text}", time(now)),
        Voice::Json => {
            let line = Line {
                time: time(now),
                said,
            };
            serde_json::to_string(&line).expect("a line is plain data") + "\n"
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_of_json_holds_time_level_event_and_figures() {
        let now: Timestamp = "2026-11-22T12:34:56.789Z".parse().unwrap();
        let said = Said {
            level: Level::Info,
            event: "load",
            database: "shop",
            message: "load: 1 of 2\ntables",
            data: json!({"tables_done": 1}),
        };
        let written = line(Voice::Json, now, &said, "load: 1 of 2\n");
        assert_eq!(written.matches('\n').count(), 1, "{written}");
        assert_eq!(
            serde_json::from_str::<Value>(&written).unwrap(),
            json!({
                "time": "2026-11-22T12:34:56.789Z",
                "level": "info",
                "event": "load",
                "database": "shop",
                "message": "load: 1 of 2\ntables",
                "data": {"tables_done": 1},
            })
        );
        assert_eq!(
            line(Voice::Timed, now, &said, "load: 1 of 2\n"),
            "2026-11-22T12:34:56.789Z load: 1 of 2\n"
        );
        assert_eq!(line(Voice::Plain, now, &said, "load: 1 of 2\n"), "load: 1 of 2\n");
    }
}
