//! Whether the last verification is enough to rest a cutover on: it found both sides equal, looked at
//! everything, and is not too old.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// The condition's name at the gate.
const CODE: &str = "verification";

const REMEDY: &str = "run \"transhume verify\"";

/// What the target remembers of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVerification {
    /// Since both sides were frozen, by the target's clock.
    pub age: Duration,
    /// None while it runs, or where it was broken off.
    pub equal: Option<bool>,
    /// Why it does not speak for the whole selection: a sample, single tables; empty where it does.
    pub partial: String,
    /// Objects besides rows were compared too.
    pub objects: bool,
    /// Findings that somebody must act upon.
    pub blockers: usize,
}

/// How old it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recency {
    Within(Duration),
    /// The operator decided that none is asked for.
    Off,
}

/// A pass with its evidence, or a blocker.
pub fn judge(last: Option<&LastVerification>, limit: Recency) -> Finding {
    let Recency::Within(limit) = limit else {
        return Finding::pass(CODE, "no verification is asked for (verified_within is off)");
    };
    let Some(last) = last else {
        return refused("both sides were never compared", REMEDY);
    };
    let age = whole_minutes(last.age);
    match last.equal {
        None => return refused("the last verification did not come to its end", REMEDY),
        Some(false) => {
            let remedy = "see what \"transhume verify\" names, mend it, and verify again";
            return refused(
                &format!("the last verification, {age} ago, found differences"),
                remedy,
            );
        }
        Some(true) => {}
    }
    if last.blockers > 0 {
        let many = last.blockers;
        return refused(
            &format!("the last verification, {age} ago, named {many} findings that must be acted upon"),
            "see what \"transhume verify\" names, mend it, and verify again",
        );
    }
    if !last.partial.is_empty() {
        return refused(
            &format!(
                "the last verification did not look at everything: {}",
                last.partial
            ),
            "run \"transhume verify\" over everything",
        );
    }
    if !last.objects {
        return refused("the last verification compared rows alone", REMEDY);
    }
    if last.age > limit {
        return refused(
            &format!(
                "the last verification is {age} old, older than {}",
                whole_minutes(limit)
            ),
            "run \"transhume verify\", or allow more with verified_within",
        );
    }
    Finding::pass(CODE, format!("both sides were found equal {age} ago"))
}

fn refused(message: &str, remedy: &str) -> Finding {
    Finding::blocker(CODE, "", message, remedy)
}

/// `3 h 20 min`: nobody decides by seconds here.
fn whole_minutes(span: Duration) -> String {
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
    use crate::finding::Severity;

    const HOUR: Duration = Duration::from_secs(3600);

    fn clean() -> LastVerification {
        LastVerification {
            age: HOUR,
            equal: Some(true),
            partial: String::new(),
            objects: true,
            blockers: 0,
        }
    }

    fn severity(last: Option<&LastVerification>, limit: Recency) -> Severity {
        let finding = judge(last, limit);
        assert!(finding.severity == Severity::Pass || !finding.remedy.is_empty());
        finding.severity
    }

    #[test]
    fn only_a_clean_whole_and_recent_one_is_enough() {
        let limit = Recency::Within(HOUR * 24);
        assert_eq!(severity(Some(&clean()), limit), Severity::Pass);
        assert_eq!(severity(None, limit), Severity::Blocker);
        let spoiled: [fn(&mut LastVerification); 6] = [
            |last| last.age = HOUR * 25,
            |last| last.equal = None,
            |last| last.equal = Some(false),
            |last| last.partial = "a sample of 1 %".to_owned(),
            |last| last.objects = false,
            |last| last.blockers = 1,
        ];
        for spoil in spoiled {
            let mut last = clean();
            spoil(&mut last);
            assert_eq!(severity(Some(&last), limit), Severity::Blocker, "{last:?}");
            assert_eq!(severity(Some(&last), Recency::Off), Severity::Pass);
        }
        assert_eq!(severity(None, Recency::Off), Severity::Pass);
    }

    #[test]
    fn ages_are_told_in_hours_and_minutes() {
        assert_eq!(whole_minutes(Duration::from_secs(59)), "59 s");
        assert_eq!(whole_minutes(Duration::from_secs(12_000)), "3 h 20 min");
        assert_eq!(whole_minutes(HOUR * 2), "2 h");
    }
}
