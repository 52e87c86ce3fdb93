//! Reports as plain lines, for logs and scripts: no control codes, and few enough to keep.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde_json::Value;
use transhume_engine::report::Report;

use super::{View, figures, rate::Rate};
use crate::show::terminal::Terminal;

/// Least time between two lines of the same kind of progress at its beginning, while somebody is likely to look.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long that beginning lasts.
const BEGINNING: Duration = Duration::from_secs(60);
/// Later: a day of it is 1,440 lines.
const LATER: Duration = Duration::from_secs(60);
/// A wait that goes on says so this often.
const REMINDER: Duration = Duration::from_secs(60);
/// A follower that has nothing to do says that it is alive this often.
const IDLE: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Load,
    Build,
    Follow,
    Verify,
}

/// The lines of one kind.
struct Reported {
    first: Instant,
    last: Instant,
    /// The last one said that it is complete.
    is_complete: bool,
}

pub(super) struct Lines {
    terminal: Terminal,
    load_rate: Rate,
    verify_rate: Rate,
    reported: HashMap<Kind, Reported>,
    /// Transactions at the last line about following.
    transactions: u64,
    waiting: Option<(String, Instant)>,
}

impl Lines {
    pub(super) fn new(terminal: Terminal) -> Self {
        Self {
            terminal,
            load_rate: Rate::default(),
            verify_rate: Rate::default(),
            reported: HashMap::new(),
            transactions: 0,
            waiting: None,
        }
    }

    /// The line to write for a report, if it is time for one.
    fn line(&mut self, report: &Report, now: Instant) -> Option<String> {
        if let Report::Waiting { reason } = report {
            return self.waiting_line(reason, now);
        }
        // Progress of others may go on meanwhile; only a step or a phase ends a wait for sure.
        if matches!(report, Report::Phase { .. } | Report::Step { .. }) {
            self.waiting = None;
        }
        match report {
            Report::Phase { phase } => Some(format!("phase {phase}")),
            Report::Step { text } => Some(text.clone()),
            Report::Load(progress) => {
                self.load_rate.observe(now, progress.bytes);
                let complete = progress.tables_done == progress.tables;
                self.due(Kind::Load, now, None, complete)
                    .then(|| format!("load: {}", figures::load(progress, &self.load_rate)))
            }
            Report::Build(progress) => self
                .due(Kind::Build, now, None, progress.done == progress.all)
                .then(|| format!("build: {}", figures::build(progress))),
            Report::Follow(progress) => {
                let idle = (progress.transactions == self.transactions).then_some(IDLE);
                let due = self.due(Kind::Follow, now, idle, false);
                self.transactions = if due {
                    progress.transactions
                } else {
                    self.transactions
                };
                due.then(|| format!("follow: {}", figures::follow(progress)))
            }
            Report::Verify(progress) => {
                self.verify_rate.observe(now, progress.bytes_done);
                let complete = progress.tables_done == progress.tables;
                self.due(Kind::Verify, now, None, complete)
                    .then(|| format!("verify: {}", figures::verify(progress, &self.verify_rate)))
            }
            Report::Finding { .. } | Report::Waiting { .. } => None,
        }
    }

    fn waiting_line(&mut self, reason: &str, now: Instant) -> Option<String> {
        let said = self
            .waiting
            .as_ref()
            .is_some_and(|(last, at)| last == reason && now.duration_since(*at) < REMINDER);
        (!said).then(|| {
            self.waiting = Some((reason.to_owned(), now));
            format!("waiting: {reason}")
        })
    }

    /// Whether a line of this kind may be written now, which then counts as written; `interval` stands in for the usual one. A
    /// complete state is worth a line at once, but only one.
    fn due(&mut self, kind: Kind, now: Instant, interval: Option<Duration>, is_complete: bool) -> bool {
        let Some(reported) = self.reported.get_mut(&kind) else {
            let reported = Reported {
                first: now,
                last: now,
                is_complete,
            };
            self.reported.insert(kind, reported);
            return true;
        };
        let usual = if now.duration_since(reported.first) < BEGINNING {
            INTERVAL
        } else {
            LATER
        };
        let is_due = if is_complete {
            !reported.is_complete
        } else {
            now.duration_since(reported.last) >= interval.unwrap_or(usual)
        };
        if is_due {
            (reported.last, reported.is_complete) = (now, is_complete);
        }
        is_due
    }
}

impl View for Lines {
    fn show(&mut self, report: &Report, now: Instant) {
        if let Report::Finding { finding } = report {
            self.terminal.finding(finding);
        }
        if let Some(line) = self.line(report, now) {
            // `{"report": "load", …}`: the name of the event stands in it.
            let data = serde_json::to_value(report).unwrap_or_default();
            let event = data
                .get("report")
                .and_then(Value::as_str)
                .unwrap_or("note")
                .to_owned();
            self.terminal.progress(&event, &line, data);
        }
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use transhume_engine::report::{FollowProgress, LoadProgress};

    use super::*;
    use crate::show::terminal::{log_line::LogFormat, style::ColorChoice};

    fn lines() -> Lines {
        Lines::new(Terminal::new(ColorChoice::Never, false, LogFormat::Text, false))
    }

    fn load(tables_done: u64, bytes: u64) -> Report {
        Report::Load(LoadProgress {
            tables_done,
            tables: 4,
            bytes,
            bytes_expected: 1_000,
            ..LoadProgress::default()
        })
    }

    #[test]
    fn progress_is_told_every_five_seconds_and_once_when_complete() {
        let (mut lines, start) = (lines(), Instant::now());
        let mut reported =
            |second, report: &Report| lines.line(report, start + Duration::from_secs(second)).is_some();
        assert!(reported(0, &load(0, 0)));
        assert!(!reported(4, &load(1, 400)));
        assert!(reported(5, &load(2, 500)));
        assert!(reported(6, &load(4, 1_000)));
        assert!(!reported(20, &load(4, 1_000)));
    }

    #[test]
    fn the_rate_and_the_time_left_are_told() {
        let (mut lines, start) = (lines(), Instant::now());
        lines.line(&load(0, 0), start);
        let line = lines.line(&load(1, 500), start + Duration::from_secs(5)).unwrap();
        assert_eq!(
            line,
            "load: 1 of 4 tables, 0 rows, 500 B of about 1000 B, 100 B/s, 5.0 s left"
        );
    }

    #[test]
    fn an_idle_follower_says_little() {
        let (mut lines, start) = (lines(), Instant::now());
        let mut reported = |second, transactions| {
            let report = Report::Follow(FollowProgress {
                transactions,
                ..FollowProgress::default()
            });
            lines.line(&report, start + Duration::from_secs(second)).is_some()
        };
        assert!(reported(0, 5));
        assert!(!reported(60, 5));
        assert!(reported(600, 5));
        assert!(reported(660, 6));
    }

    #[test]
    fn a_day_of_lines_can_be_kept() {
        let (mut lines, start) = (lines(), Instant::now());
        let reported = (0..86_400).filter(|second| {
            let report = Report::Follow(FollowProgress {
                transactions: *second,
                ..FollowProgress::default()
            });
            lines
                .line(&report, start + Duration::from_secs(*second))
                .is_some()
        });
        assert!((1_400..1_500).contains(&reported.count()));
    }

    #[test]
    fn a_wait_is_told_when_its_reason_changes_and_now_and_then() {
        let (mut lines, start) = (lines(), Instant::now());
        let mut reported = |second, reason: &str| {
            let report = Report::Waiting {
                reason: reason.to_owned(),
            };
            lines.line(&report, start + Duration::from_secs(second))
        };
        assert_eq!(
            reported(0, "transaction 7 to end").as_deref(),
            Some("waiting: transaction 7 to end")
        );
        assert_eq!(reported(30, "transaction 7 to end"), None);
        assert!(reported(31, "transaction 8 to end").is_some());
        assert!(reported(91, "transaction 8 to end").is_some());

        // A load by others does not make the same wait news.
        lines.line(&load(1, 1), start + Duration::from_secs(92));
        let again = Report::Waiting {
            reason: "transaction 8 to end".to_owned(),
        };
        assert_eq!(lines.line(&again, start + Duration::from_secs(93)), None);
    }
}
