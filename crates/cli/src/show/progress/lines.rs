//! Reports as plain lines, for logs and scripts: no control codes, and few enough to keep.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use transhume_engine::report::Report;

use super::{View, rate::Rate, wording};
use crate::show::terminal::Terminal;

/// Least time between two lines of the same kind of progress.
const INTERVAL: Duration = Duration::from_secs(5);

/// An idle follower, and a wait that goes on, say that they are alive this often.
const REMINDER: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Load,
    Build,
    Follow,
    Verify,
}

pub(super) struct Lines {
    terminal: Terminal,
    load_rate: Rate,
    verify_rate: Rate,
    /// When each kind had its last line, and whether that one said that it is complete.
    last: HashMap<Kind, (Instant, bool)>,
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
            last: HashMap::new(),
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
                self.due(Kind::Load, now, INTERVAL, complete)
                    .then(|| format!("load: {}", wording::load(progress, &self.load_rate)))
            }
            Report::Build(progress) => self
                .due(Kind::Build, now, INTERVAL, progress.done == progress.all)
                .then(|| format!("build: {}", wording::build(progress))),
            Report::Follow(progress) => {
                let interval = if progress.transactions == self.transactions {
                    REMINDER
                } else {
                    INTERVAL
                };
                let due = self.due(Kind::Follow, now, interval, false);
                self.transactions = if due {
                    progress.transactions
                } else {
                    self.transactions
                };
                due.then(|| format!("follow: {}", wording::follow(progress)))
            }
            Report::Verify(progress) => {
                self.verify_rate.observe(now, progress.bytes_done);
                let complete = progress.tables_done == progress.tables;
                self.due(Kind::Verify, now, INTERVAL, complete)
                    .then(|| format!("verify: {}", wording::verify(progress, &self.verify_rate)))
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

    /// Whether a line of this kind may be written now, which then counts as written. A complete
    /// state is worth a line at once, but only one.
    fn due(&mut self, kind: Kind, now: Instant, interval: Duration, complete: bool) -> bool {
        let due = match self.last.get(&kind) {
            None => true,
            Some((_, said)) if complete => !said,
            Some((at, _)) => now.duration_since(*at) >= interval,
        };
        if due {
            self.last.insert(kind, (now, complete));
        }
        due
    }
}

impl View for Lines {
    fn show(&mut self, report: &Report, now: Instant) {
        if let Report::Finding { finding } = report {
            self.terminal.finding(finding);
        }
        if let Some(line) = self.line(report, now) {
            self.terminal.note(&line);
        }
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use transhume_engine::report::{FollowProgress, LoadProgress};

    use super::*;
    use crate::show::terminal::style::ColorChoice;

    fn lines() -> Lines {
        Lines::new(Terminal::new(ColorChoice::Never, false))
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
        let mut told =
            |second, report: &Report| lines.line(report, start + Duration::from_secs(second)).is_some();
        assert!(told(0, &load(0, 0)));
        assert!(!told(4, &load(1, 400)));
        assert!(told(5, &load(2, 500)));
        assert!(told(6, &load(4, 1_000)));
        assert!(!told(20, &load(4, 1_000)));
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
        let mut told = |second, transactions| {
            let report = Report::Follow(FollowProgress {
                transactions,
                ..FollowProgress::default()
            });
            lines.line(&report, start + Duration::from_secs(second)).is_some()
        };
        assert!(told(0, 5));
        assert!(!told(10, 5));
        assert!(told(60, 5));
        assert!(told(65, 6));
    }

    #[test]
    fn a_wait_is_told_when_its_reason_changes_and_now_and_then() {
        let (mut lines, start) = (lines(), Instant::now());
        let mut told = |second, reason: &str| {
            let report = Report::Waiting {
                reason: reason.to_owned(),
            };
            lines.line(&report, start + Duration::from_secs(second))
        };
        assert_eq!(
            told(0, "transaction 7 to end").as_deref(),
            Some("waiting: transaction 7 to end")
        );
        assert_eq!(told(30, "transaction 7 to end"), None);
        assert!(told(31, "transaction 8 to end").is_some());
        assert!(told(91, "transaction 8 to end").is_some());

        // A load by others does not make the same wait news.
        lines.line(&load(1, 1), start + Duration::from_secs(92));
        let again = Report::Waiting {
            reason: "transaction 8 to end".to_owned(),
        };
        assert_eq!(lines.line(&again, start + Duration::from_secs(93)), None);
    }
}
