//! The status in Prometheus' text form, for `/metrics` and for textfile collectors.
//!
//! What there is to tell stands in [`catalog`], from which the reference page is made too. Each series bears the database and
//! the direction: `forward` is the migration, `reverse` the stream of its fallback. What is not known is left out.

mod catalog;
#[cfg(test)]
mod deployed;
#[cfg(test)]
mod page;

use std::fmt::Write;

use transhume_engine::status::Status;

use self::catalog::{METRICS, Metric, Series};

/// One database's status, or none where it could not be read.
pub(crate) struct Read<'a> {
    pub(crate) database: &'a str,
    pub(crate) status: Option<&'a Status>,
}

/// The version that Prometheus' text form names itself by.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) fn exposition(reads: &[Read<'_>]) -> String {
    let mut text = String::new();
    heading(&mut text, "up", "gauge", UP);
    for read in reads {
        let labels = [("database", read.database.to_owned())];
        let value = f64::from(u8::from(read.status.is_some()));
        series(&mut text, "up", &labels, value);
    }
    for metric in METRICS {
        expose(&mut text, metric, reads);
    }
    text
}

/// What tells of a database whose status cannot be read.
const UP: &str = "Whether the state on the target could be read.";

fn expose(text: &mut String, metric: &Metric, reads: &[Read<'_>]) {
    let mut is_headed = false;
    for read in reads {
        for (direction, status) in streams(read.status) {
            for Series { labels, value } in (metric.series)(status) {
                if !is_headed {
                    heading(text, metric.name, metric.kind, metric.help);
                    is_headed = true;
                }
                let common = [
                    ("database", read.database.to_owned()),
                    ("direction", direction.to_owned()),
                ];
                let own = metric.labels.iter().copied().zip(labels);
                let labels: Vec<_> = common.into_iter().chain(own).collect();
                series(text, metric.name, &labels, value);
            }
        }
    }
}

/// The migration, and the stream of its fallback where there is one that can be read.
fn streams(status: Option<&Status>) -> Vec<(&'static str, &Status)> {
    let Some(status) = status else {
        return Vec::new();
    };
    let back = status.way_back.as_ref();
    let reverse = back.and_then(|back| back.stream.as_deref());
    std::iter::once(("forward", status))
        .chain(reverse.map(|stream| ("reverse", stream)))
        .collect()
}

fn heading(text: &mut String, name: &str, kind: &str, help: &str) {
    push(
        text,
        format_args!("# HELP transhume_{name} {help}\n# TYPE transhume_{name} {kind}\n"),
    );
}

fn series(text: &mut String, name: &str, labels: &[(&str, String)], value: f64) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
        .collect();
    push(
        text,
        format_args!("transhume_{name}{{{}}} {value}\n", labels.join(",")),
    );
}

/// As the text form wants it in a label's value.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("text grows");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::sample_status::following;

    #[test]
    fn each_metric_has_its_help_once_and_its_labels_are_escaped() {
        let status = following();
        let reads = [
            Read {
                database: "a\"b\\c",
                status: Some(&status),
            },
            Read {
                database: "gone",
                status: None,
            },
        ];
        let text = exposition(&reads);
        assert!(text.starts_with("# HELP transhume_up "), "{text}");
        assert!(text.contains("transhume_up{database=\"gone\"} 0\n"), "{text}");
        for line in [
            "transhume_lag_bytes{database=\"a\\\"b\\\\c\",direction=\"forward\"} 131072",
            "transhume_slot_seconds_to_full{database=\"a\\\"b\\\\c\",direction=\"forward\"} 7168",
            "transhume_phase{database=\"a\\\"b\\\\c\",direction=\"forward\",phase=\"follow\"} 1",
            "transhume_changes_applied_total{database=\"a\\\"b\\\\c\",direction=\"forward\"} 1234",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        for metric in METRICS {
            let help = format!("# HELP transhume_{} ", metric.name);
            assert!(text.matches(&help).count() <= 1, "{help}");
        }
    }

    #[test]
    fn the_stream_of_a_fallback_is_the_other_direction() {
        let mut status = following();
        status.way_back = Some(transhume_engine::status::WayBackStatus {
            state: transhume_engine::status::WayBackState::Open,
            stream: Some(Box::new(following())),
            problem: String::new(),
        });
        let text = exposition(&[Read {
            database: "shop",
            status: Some(&status),
        }]);
        assert!(
            text.contains("transhume_lag_bytes{database=\"shop\",direction=\"reverse\"} 131072"),
            "{text}"
        );
        assert!(
            text.contains(
                "transhume_fallback_state{database=\"shop\",direction=\"forward\",state=\"open\"} 1"
            ),
            "{text}"
        );
    }
}
