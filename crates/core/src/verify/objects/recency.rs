//! Whether the last verification is enough to rest a cutover on: it found both sides equal, looked at
//! everything, and is not too old. And how it is told in a line.

use crate::count::counted;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the target remembers of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVerification {
    /// Since it began, by the target's clock: nothing that it saw is older.
    pub age: Duration,
    /// Of the oldest comparison that it rests on, where tables had not changed since theirs.
    pub oldest: Option<Duration>,
    pub outcome: Outcome,
    pub extent: Extent,
    pub tables: u64,
    /// Of these: not compared again, since they had not changed.
    pub tables_unchanged: u64,
    pub tables_different: u64,
    /// Findings besides rows that somebody must act upon; none where only rows were compared.
    pub object_blockers: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Equal,
    Different,
    /// Rows that changed all the time were never seen at rest.
    Undecided,
    /// It goes on, or was broken off.
    Unfinished,
}

/// How much of the selection was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    Whole,
    Sample,
    SingleTables,
}

/// Why it is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    pub evidence: String,
    pub remedy: &'static str,
}

const VERIFY: &str = "run \"transhume verify\"";
const MEND: &str = "see what \"transhume verify\" names, mend it, and verify again";

/// The evidence that it is enough, or why it is not.
pub fn judge(last: Option<&LastVerification>, within: Duration) -> Result<String, Shortfall> {
    let Some(last) = last else {
        return refuse("the two sides were never compared", VERIFY);
    };
    let reported = last.reported();
    match (last.outcome, last.extent) {
        (Outcome::Unfinished, _) => return refuse(reported, "run \"transhume verify\" to its end"),
        (Outcome::Different, _) => return refuse(reported, MEND),
        (Outcome::Undecided, _) => {
            return refuse(reported, "run \"transhume verify\" in another mode than recheck");
        }
        (Outcome::Equal, Extent::Sample | Extent::SingleTables) => return refuse(reported, VERIFY),
        (Outcome::Equal, Extent::Whole) => {}
    }
    match last.object_blockers {
        None => return refuse(reported, VERIFY),
        Some(0) => {}
        Some(_) => return refuse(reported, MEND),
    }
    let (what, age) = match last.oldest {
        Some(oldest) => ("oldest comparison that the last verification rests on", oldest),
        None => ("last verification", last.age),
    };
    if age > within {
        let evidence = format!("the {what} is {} old, the limit is {}", span(age), span(within));
        return refuse(evidence, VERIFY);
    }
    Ok(reported)
}

fn refuse(evidence: impl Into<String>, remedy: &'static str) -> Result<String, Shortfall> {
    Err(Shortfall {
        evidence: evidence.into(),
        remedy,
    })
}

impl LastVerification {
    /// `equal 3 h ago: the rows of 24 tables, and all objects`
    pub fn reported(&self) -> String {
        let when = span(self.age);
        let outcome = match self.outcome {
            Outcome::Equal => "equal",
            Outcome::Different => "different",
            Outcome::Undecided => "not decided",
            Outcome::Unfinished => return format!("begun {when} ago and not at its end"),
        };
        let rows = match self.tables_different {
            0 if self.outcome == Outcome::Different => {
                format!("the rows of {} are equal", tables(self.tables))
            }
            0 => format!("the rows of {}", tables(self.tables)),
            undecided if self.outcome == Outcome::Undecided => {
                format!(
                    "rows in {undecided} of {} changed all the time",
                    tables(self.tables)
                )
            }
            different => format!("the rows of {different} of {} differ", tables(self.tables)),
        };
        let unchanged = match (self.tables_unchanged, self.oldest) {
            (0, _) | (_, None) => String::new(),
            (many, Some(oldest)) => {
                format!(
                    " ({many} unchanged since they were compared, up to {} ago)",
                    span(oldest)
                )
            }
        };
        let extent = match self.extent {
            Extent::Whole => "",
            Extent::Sample => " (a sample of them)",
            Extent::SingleTables => " (single tables only)",
        };
        let objects = match self.object_blockers {
            None => "nothing but rows was compared".to_owned(),
            Some(0) => "all objects".to_owned(),
            Some(many) => format!("{} about objects must be acted upon", counted(many, "finding")),
        };
        format!("{outcome} {when} ago: {rows}{unchanged}{extent}, and {objects}")
    }
}

fn tables(count: u64) -> String {
    counted(count, "table")
}

/// `3 h 20 min`: nobody decides by seconds here.
fn span(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{} s", span.as_secs()),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn clean() -> LastVerification {
        LastVerification {
            age: HOUR,
            oldest: None,
            outcome: Outcome::Equal,
            extent: Extent::Whole,
            tables: 24,
            tables_unchanged: 0,
            tables_different: 0,
            object_blockers: Some(0),
        }
    }

    #[test]
    fn only_a_clean_whole_and_recent_one_is_enough() {
        let within = HOUR * 24;
        assert_eq!(
            judge(Some(&clean()), within),
            Ok("equal 1 h ago: the rows of 24 tables, and all objects".to_owned())
        );
        assert!(judge(None, within).is_err());
        let spoiled: [fn(&mut LastVerification); 9] = [
            |last| last.outcome = Outcome::Undecided,
            |last| last.oldest = Some(HOUR * 25),
            |last| last.age = HOUR * 25,
            |last| last.outcome = Outcome::Unfinished,
            |last| last.outcome = Outcome::Different,
            |last| last.extent = Extent::Sample,
            |last| last.extent = Extent::SingleTables,
            |last| last.object_blockers = None,
            |last| last.object_blockers = Some(1),
        ];
        for spoil in spoiled {
            let mut last = clean();
            spoil(&mut last);
            let refusal = judge(Some(&last), within).expect_err("it was spoiled");
            assert!(
                !refusal.evidence.is_empty() && !refusal.remedy.is_empty(),
                "{last:?}"
            );
        }
    }

    #[test]
    fn it_is_told_in_a_line() {
        let last = LastVerification {
            age: Duration::from_secs(12_000),
            outcome: Outcome::Different,
            extent: Extent::Sample,
            tables_different: 1,
            object_blockers: Some(2),
            ..clean()
        };
        assert_eq!(
            last.reported(),
            "different 3 h 20 min ago: the rows of 1 of 24 tables differ (a sample of them), and 2 findings about \
             objects must be acted upon"
        );
        let since_last = LastVerification {
            oldest: Some(HOUR * 5),
            tables_unchanged: 20,
            ..clean()
        };
        assert_eq!(
            since_last.reported(),
            "equal 1 h ago: the rows of 24 tables (20 unchanged since they were compared, up to 5 h ago), and all objects"
        );
        let unfinished = LastVerification {
            age: Duration::from_secs(59),
            outcome: Outcome::Unfinished,
            ..clean()
        };
        assert_eq!(unfinished.reported(), "begun 59 s ago and not at its end");
    }
}
