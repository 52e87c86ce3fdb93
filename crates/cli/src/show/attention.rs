//! What is wrong with a migration, the most urgent first, each with what to run: the head of every live view.
//!
//! Decides nothing: that somebody must act is [`Status::needs_attention`]'s word.

use transhume_engine::{
    count::counted,
    finding::{Remedy, Severity},
    phase::Phase,
    status::{Status, WayBackState},
};

use super::quantity::Size;

/// One thing that does not go on by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// A code with its objects; empty where the message says it all.
    pub(crate) title: String,
    pub(crate) message: String,
    /// What to run; empty where none is known.
    pub(crate) remedy: Remedy,
}

impl Trouble {
    fn new(message: impl Into<String>, remedy: impl Into<Remedy>) -> Self {
        Self {
            title: String::new(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

/// In one line.
pub(crate) fn headline(status: &Status) -> String {
    if status.needs_attention() {
        return "Somebody must act".to_owned();
    }
    match (status.phase, status.lag_bytes) {
        (Phase::Follow, Some(0)) => "In order: the target has all that the source committed".to_owned(),
        (Phase::Follow, Some(lag)) => format!("In order: the target follows, {} behind", Size(lag)),
        (Phase::Done, _) => "The application lives on the target".to_owned(),
        (phase, _) => format!("In order: phase {phase}"),
    }
}

/// Findings that are no blockers.
pub(crate) fn warnings(status: &Status) -> Option<String> {
    let warnings = status.findings.iter();
    let warnings = warnings.filter(|finding| finding.severity == Severity::Warning);
    match warnings.count() {
        0 => None,
        count => Some(format!("{} to look at under Findings", counted(count, "warning"))),
    }
}

/// Empty where nothing needs attention.
pub(crate) fn troubles(status: &Status) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let groups = status.finding_groups.iter();
    for group in groups.filter(|group| group.severity == Severity::Blocker) {
        let times = match group.count {
            1 => String::new(),
            count => format!(" × {count}"),
        };
        troubles.push(Trouble {
            title: format!("{}{times} {}", group.code, group.objects.join(", "))
                .trim_end()
                .to_owned(),
            message: group.message.clone(),
            remedy: group.remedy.clone(),
        });
    }
    if status.runner.is_none() && status.phase != Phase::Done {
        troubles.push(Trouble::new(
            "No runner is alive: changes are not applied, and WAL gathers on the source.",
            Remedy::run("transhume run"),
        ));
    }
    for stored in &status.exceptions {
        let message = format!("Stored instead of being applied: {stored}");
        troubles.push(Trouble::new(message, stored.remedy()));
    }
    for table in &status.not_loaded {
        troubles.push(Trouble::new(format!("Not kept up: {table}"), table.remedy()));
    }
    if let Some(back) = &status.way_back {
        if back.state == WayBackState::Unknown {
            let message = format!("The state of the fallback is not known: {}", back.problem);
            troubles.push(Trouble::new(message, ""));
        }
        for trouble in back.stream.iter().flat_map(|stream| self::troubles(stream)) {
            troubles.push(Trouble {
                message: format!("Reverse replication: {}", trouble.message),
                ..trouble
            });
        }
    }
    troubles
}

#[cfg(test)]
mod tests {
    use transhume_engine::{finding::Finding, status::FindingGroup};

    use super::*;
    use crate::show::sample_status::following;

    #[test]
    fn what_blocks_comes_before_what_follows_from_it() {
        let mut status = following();
        let stopped = Finding::blocker("run-stopped", "", "the run stopped", "transhume run");
        status.finding_groups = vec![FindingGroup {
            code: stopped.code.clone(),
            severity: stopped.severity,
            count: 1,
            objects: Vec::new(),
            message: stopped.message.clone(),
            remedy: stopped.remedy.clone(),
        }];
        status.findings = vec![stopped];
        let reported = troubles(&status);
        let reported: Vec<(&str, &str)> = reported
            .iter()
            .map(|trouble| (trouble.title.as_str(), trouble.message.as_str()))
            .collect();
        assert_eq!(reported[0], ("run-stopped", "the run stopped"));
        assert!(reported[1].1.starts_with("No runner is alive"), "{reported:?}");
        assert!(reported[2].1.contains("shop.cart: 2"), "{reported:?}");
        assert_eq!(headline(&status), "Somebody must act");
    }

    #[test]
    fn whoever_needs_attention_is_told_why() {
        let mut status = following();
        status.exceptions.clear();
        assert!(status.needs_attention() && !troubles(&status).is_empty());
        status.phase = Phase::Done;
        assert!(!status.needs_attention() && troubles(&status).is_empty());
    }
}
