//! The gate of a cutover: named conditions, judged all at once from what was observed.
//!
//! Owns what must hold before the fence is tried, and which of it an operator may wave through, one by
//! one and by name. Refuses clocks and servers: observations come in as values. Invariants: whatever is not met or
//! only half met says how to remedy it; a name that is overridden is recorded even where it was met.

mod feeding;
mod judge;
mod observation;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::{
    judge::judge,
    observation::{BlockingLock, FenceRights, Limits, Observation, Runner},
};
use crate::finding::{Finding, Remedy};

/// What a condition is called, by people and by `--override`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionName {
    /// Somebody applies, or can.
    Runner,
    Lag,
    Verification,
    Findings,
    /// Whatever is not rows: definitions, owners, grants.
    Schema,
    Tables,
    Exceptions,
    Builds,
    Validity,
    Deviations,
    Sequences,
    PreparedTransactions,
    LongTransactions,
    Connections,
    /// Clients find their roles on the other side.
    Logins,
    /// None feeds the side that is to be closed.
    Subscriptions,
    Fence,
    /// PgBouncer and hooks, where they are configured.
    Application,
    /// The reverse stream, where one is wanted.
    WayBack,
}

impl ConditionName {
    pub const ALL: [Self; 19] = [
        Self::Runner,
        Self::Lag,
        Self::Verification,
        Self::Findings,
        Self::Schema,
        Self::Tables,
        Self::Exceptions,
        Self::Builds,
        Self::Validity,
        Self::Deviations,
        Self::Sequences,
        Self::PreparedTransactions,
        Self::LongTransactions,
        Self::Connections,
        Self::Logins,
        Self::Subscriptions,
        Self::Fence,
        Self::Application,
        Self::WayBack,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Runner => "runner",
            Self::Lag => "lag",
            Self::Verification => "verification",
            Self::Findings => "findings",
            Self::Schema => "schema",
            Self::Tables => "tables",
            Self::Exceptions => "exceptions",
            Self::Builds => "builds",
            Self::Validity => "validity",
            Self::Deviations => "deviations",
            Self::Sequences => "sequences",
            Self::PreparedTransactions => "prepared-transactions",
            Self::LongTransactions => "long-transactions",
            Self::Connections => "connections",
            Self::Logins => "logins",
            Self::Subscriptions => "subscriptions",
            Self::Fence => "fence",
            Self::Application => "application",
            Self::WayBack => "way-back",
        }
    }
}

impl fmt::Display for ConditionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that names no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no check of a cutover; they are {list}", list = list())]
pub struct UnknownCondition(pub String);

fn list() -> String {
    ConditionName::ALL.map(ConditionName::name).join(", ")
}

impl FromStr for ConditionName {
    type Err = UnknownCondition;

    fn from_str(word: &str) -> Result<Self, UnknownCondition> {
        Self::ALL
            .into_iter()
            .find(|condition| condition.name() == word)
            .ok_or_else(|| UnknownCondition(word.to_owned()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionState {
    Met,
    /// It does not stop a cutover, but the operator should know beforehand.
    Degraded,
    Unmet,
    /// Not met, and the operator goes on by its name.
    Overridden,
}

impl ConditionState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Degraded => "degraded",
            Self::Unmet => "unmet",
            Self::Overridden => "overridden",
        }
    }
}

/// One condition with what was seen, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Condition {
    pub name: ConditionName,
    pub state: ConditionState,
    pub evidence: String,
    /// Empty where nothing needs doing.
    #[serde(flatten)]
    pub remedy: Remedy,
}

impl Condition {
    pub fn met(name: ConditionName, evidence: impl Into<String>) -> Self {
        Self::new(name, ConditionState::Met, evidence, "")
    }

    pub fn degraded(name: ConditionName, evidence: impl Into<String>, remedy: impl Into<Remedy>) -> Self {
        Self::new(name, ConditionState::Degraded, evidence, remedy)
    }

    pub fn unmet(name: ConditionName, evidence: impl Into<String>, remedy: impl Into<Remedy>) -> Self {
        Self::new(name, ConditionState::Unmet, evidence, remedy)
    }

    /// For what is looked into elsewhere: met exactly when nothing was found.
    pub fn of_findings(name: ConditionName, met: &str, findings: &[Finding]) -> Self {
        let Some(first) = findings.first() else {
            return Self::met(name, met);
        };
        let evidence: Vec<String> = findings
            .iter()
            .map(|finding| match finding.object.as_str() {
                "" => finding.message.clone(),
                object => format!("{object}: {}", finding.message),
            })
            .collect();
        Self::unmet(name, evidence.join("; "), first.remedy.clone())
    }

    fn new(
        name: ConditionName,
        state: ConditionState,
        evidence: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        Self {
            name,
            state,
            evidence: evidence.into(),
            remedy: remedy.into(),
        }
    }
}

/// All conditions of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Gate {
    pub conditions: Vec<Condition>,
    /// What the operator waved through, whether it was needed or not.
    pub overrides: Vec<ConditionName>,
}

impl Gate {
    pub fn new(mut conditions: Vec<Condition>, overrides: &[ConditionName]) -> Self {
        for condition in &mut conditions {
            if condition.state == ConditionState::Unmet && overrides.contains(&condition.name) {
                condition.state = ConditionState::Overridden;
            }
        }
        conditions.sort_by_key(|condition| condition.name);
        Self {
            conditions,
            overrides: overrides.to_vec(),
        }
    }

    pub fn is_open(&self) -> bool {
        self.unmet().next().is_none()
    }

    pub fn unmet(&self) -> impl Iterator<Item = &Condition> {
        self.in_state(ConditionState::Unmet)
    }

    pub fn in_state(&self, state: ConditionState) -> impl Iterator<Item = &Condition> {
        self.conditions
            .iter()
            .filter(move |condition| condition.state == state)
    }

    /// What keeps it shut, for an error; each names the way past it.
    pub fn blockers(&self) -> Vec<Finding> {
        let blocker = |condition: &Condition| {
            let lead = if condition.remedy.is_empty() { "" } else { "; " };
            let remedy = condition.remedy.clone();
            let remedy = remedy.then(format!("{lead}or go on with --override {}", condition.name));
            Finding::blocker(condition.name.name(), "", &condition.evidence, remedy)
        };
        self.unmet().map(blocker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_reads_back_what_it_prints() {
        for name in ConditionName::ALL {
            assert_eq!(name.name().parse(), Ok(name));
            assert_eq!(serde_json::to_value(name).unwrap(), name.name());
        }
        assert!("everything".parse::<ConditionName>().is_err());
    }

    #[test]
    fn only_the_named_condition_is_waved_through() {
        let conditions = vec![
            Condition::unmet(ConditionName::Lag, "far behind", "wait"),
            Condition::unmet(ConditionName::Verification, "never", "verify"),
            Condition::met(ConditionName::Tables, "all loaded"),
        ];
        let gate = Gate::new(conditions.clone(), &[ConditionName::Lag]);
        assert!(!gate.is_open());
        assert_eq!(
            gate.unmet().map(|condition| condition.name).collect::<Vec<_>>(),
            [ConditionName::Verification]
        );
        let gate = Gate::new(conditions, &[ConditionName::Lag, ConditionName::Verification]);
        assert!(gate.is_open());
        assert_eq!(gate.in_state(ConditionState::Overridden).count(), 2);
    }
}
