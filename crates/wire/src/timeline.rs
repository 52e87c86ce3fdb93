//! Timelines: which WAL a server that was promoted shares with the one that it took over from.
//!
//! Reads the history file that `TIMELINE_HISTORY` gives (manual, "Timelines"): one line for each timeline that ended, with
//! the LSN at which its successor began. Refuses what is malformed: a position that is guessed would hide a loss.

use crate::{lsn::Lsn, parse::ParseError};

/// The timelines that a server went through before its present one, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimelineHistory(Vec<Ended>);

/// A timeline, and where its successor began: WAL below belongs to both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ended {
    timeline: i32,
    switch_point: Lsn,
}

impl TimelineHistory {
    /// Reads `timeline <tab> LSN <tab> reason` lines; empty lines and comments are passed over, as the server does.
    pub fn parse(content: &str) -> Result<Self, ParseError> {
        let lines = content
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim());
        lines
            .filter(|line| !line.is_empty())
            .map(read)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Where the server left this timeline; none where it never was on it.
    pub fn switch_point(&self, timeline: i32) -> Option<Lsn> {
        let ended = self.0.iter().find(|ended| ended.timeline == timeline)?;
        Some(ended.switch_point)
    }
}

fn read(line: &str) -> Result<Ended, ParseError> {
    let malformed = || ParseError::Unexpected {
        what: "line of a timeline's history, of so many bytes",
        value: i64::try_from(line.len()).unwrap_or(i64::MAX),
    };
    let mut fields = line.split_whitespace();
    let timeline = fields.next().and_then(|field| field.parse().ok());
    let switch_point = fields.next().and_then(|field| field.parse().ok());
    timeline
        .zip(switch_point)
        .map(|(timeline, switch_point)| Ended {
            timeline,
            switch_point,
        })
        .ok_or_else(malformed)
}

/// Asks a walsender for the history of a timeline.
pub fn timeline_history(timeline: i32) -> String {
    format!("TIMELINE_HISTORY {timeline}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_timeline_ends_where_its_successor_began() {
        let content = "1\t0/3000028\tno recovery target specified\n\n# by hand\n2\t1/A0\tbefore 2026-12-01\n";
        let history = TimelineHistory::parse(content).unwrap();
        assert_eq!(history.switch_point(1), Some(Lsn(0x0300_0028)));
        assert_eq!(history.switch_point(2), Some(Lsn(0x1_0000_00A0)));
        assert_eq!(history.switch_point(3), None);
        assert_eq!(TimelineHistory::parse(""), Ok(TimelineHistory::default()));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for content in ["one\t0/1\t", "1", "1\tnowhere\tx"] {
            assert!(TimelineHistory::parse(content).is_err(), "{content}");
        }
    }
}
