//! Comparing everything that is not rows of ordinary tables: definitions, owners, privileges, comments,
//! states, sequences, large objects, contents of materialized views, constraints that nothing checks.
//!
//! Sessions and transactions of its own; the frozen pair is not needed, since none of this is in the
//! stream. What a running migration makes different on purpose is counted, not complained of. What was
//! not compared is told, each with its reason.

mod constraints;
mod deliberate;
mod extension_rows;
mod large_objects;
mod not_compared;
mod record;
mod views;

use std::{collections::BTreeMap, time::Instant};

pub(crate) use self::record::record;

use serde::Serialize;
use transhume_core::{
    count::counted,
    finding::{Finding, Severity},
    roles::RoleMap,
    selection::Selector,
    sequence::Sequence,
    verify::objects::{
        Agreement, Compared, ComparisonContext, Deliberate, Meanings, Object, SequenceSituation, Versions,
        positions,
    },
};
use transhume_pg::{catalog::sequences::sequences, connection::session::Session, verify::objects as facts};

use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

/// What came of the comparison of objects.
#[derive(Debug, Clone, Default, Serialize, schemars::JsonSchema)]
pub struct ObjectComparison {
    /// How many objects of each kind were compared.
    pub compared: BTreeMap<String, usize>,
    pub findings: Vec<Finding>,
    /// What differs on purpose until the cutover, and how often.
    pub deliberate: BTreeMap<String, usize>,
    /// What was not compared, and why.
    pub not_compared: Vec<Finding>,
    pub seconds: f64,
}

impl ObjectComparison {
    /// Findings that somebody must act upon.
    pub fn blockers(&self) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.severity == Severity::Blocker)
            .count()
    }
}

/// What [`ObjectVerifier::compare`] works with.
pub(crate) struct ObjectVerifier<'run> {
    pub(crate) endpoints: &'run Endpoints,
    /// Names our sessions.
    pub(crate) migration: &'run str,
    pub(crate) selector: &'run Selector,
    pub(crate) roles: &'run RoleMap,
    /// [`SequenceSituation::Following`]: the target has the state of a migration that follows.
    pub(crate) situation: SequenceSituation,
    /// Look for rows without a counterpart under every foreign key, not only under doubtful ones.
    pub(crate) all_constraints: bool,
    pub(crate) reporter: &'run Reporter,
}

/// Both sides, each with a session.
struct Sides {
    source: Session,
    target: Session,
}

impl ObjectVerifier<'_> {
    pub(crate) async fn compare(&self, cancellation: &Cancellation) -> Result<ObjectComparison> {
        tokio::select! {
            compared = self.compare_all() => compared,
            () = cancellation.cancelled() => Err(EngineError::Interrupted),
        }
    }

    async fn compare_all(&self) -> Result<ObjectComparison> {
        let started = Instant::now();
        let sides = self.sides().await?;
        let (source, target) = self.objects(&sides).await?;
        let mut comparison = ObjectComparison {
            not_compared: not_compared::reasons(&source, self.selector),
            ..ObjectComparison::default()
        };
        let views = views::common(&source, &target, self.selector);
        let unvalidated = constraints::unvalidated(&source);
        let deliberate = self.deliberate(&sides).await?;
        comparison.add(self.agreement(&sides, source, target, &deliberate).await?);
        self.compare_sequences(&sides, &mut comparison).await?;
        self.compare_large_objects(&mut comparison).await?;
        extension_rows::compare(&sides, self.situation, &mut comparison).await?;
        views::compare(&sides, &views, &mut comparison).await?;
        constraints::check(self, &sides.target, &unvalidated, &mut comparison).await?;
        comparison.seconds = started.elapsed().as_secs_f64();
        self.reported(&comparison);
        Ok(comparison)
    }

    /// How definitions, owners, grants and comments alone differ: none of it is in the stream, and it may have changed since the
    /// last whole comparison.
    pub(crate) async fn differing(&self) -> Result<Vec<Finding>> {
        let sides = self.sides().await?;
        let (source, target) = self.objects(&sides).await?;
        let deliberate = self.deliberate(&sides).await?;
        let mut agreement = self.agreement(&sides, source, target, &deliberate).await?;
        agreement
            .findings
            .retain(|finding| finding.severity != Severity::Pass);
        Ok(agreement.findings)
    }

    async fn sides(&self) -> Result<Sides> {
        let role = "verify:objects";
        Ok(Sides {
            source: self.endpoints.source_session(self.migration, role).await?,
            target: self.endpoints.target_session(self.migration, role).await?,
        })
    }

    /// Both sides at once.
    async fn objects(&self, sides: &Sides) -> Result<(Vec<Object>, Vec<Object>)> {
        let Versions { source, target } = versions(sides);
        let (left, right) = tokio::join!(
            facts::objects(&sides.source, target),
            facts::objects(&sides.target, source)
        );
        Ok((
            left.doing("reading the source's catalogs")?,
            right.doing("reading the target's catalogs")?,
        ))
    }

    async fn deliberate(&self, sides: &Sides) -> Result<Deliberate> {
        match self.situation {
            SequenceSituation::Following => deliberate::of_migration(&sides.source, &sides.target).await,
            SequenceSituation::Final => Ok(Deliberate::default()),
        }
    }

    async fn agreement(
        &self,
        sides: &Sides,
        source: Vec<Object>,
        target: Vec<Object>,
        deliberate: &Deliberate,
    ) -> Result<Agreement> {
        let target_roles = facts::roles(&sides.target)
            .await
            .doing("reading the target's roles")?;
        let context = ComparisonContext {
            versions: versions(sides),
            selector: self.selector,
            deliberate,
            target_roles: &target_roles,
            roles: self.roles,
        };
        let compared = Compared::new(source, target, context);
        let wordings = compared.wordings();
        let reprinted = facts::reprinted(&sides.target, &wordings)
            .await
            .doing("making definitions on the target that are printed differently")?;
        Ok(compared.agreement(&Meanings::of(wordings, reprinted)))
    }

    async fn compare_sequences(&self, sides: &Sides, comparison: &mut ObjectComparison) -> Result<()> {
        let selected = |mut all: Vec<Sequence>| {
            all.retain(|sequence| self.selector.selects(sequence.deciding_name()));
            all
        };
        // The target first: what the source draws in between must not look as if it were behind.
        let target = sequences(&sides.target)
            .await
            .doing("reading the target's sequences")?;
        let source = sequences(&sides.source)
            .await
            .doing("reading the source's sequences")?;
        let (findings, still) = positions(&selected(source), &selected(target), self.situation);
        let (unread, findings): (Vec<_>, Vec<_>) = findings
            .into_iter()
            .partition(|finding| finding.code == "not-compared");
        comparison.not_compared.extend(unread);
        comparison.findings.extend(findings);
        comparison.excuse(
            "sequences of the target are not advanced until the cutover sets them",
            still,
        );
        Ok(())
    }

    fn reported(&self, comparison: &ObjectComparison) {
        let all: usize = comparison.compared.values().sum();
        self.reporter.step(format!(
            "{} compared: {}, {}",
            counted(all, "object"),
            counted(comparison.blockers(), "blocker"),
            counted(comparison.findings.len() - comparison.blockers(), "warning")
        ));
    }
}

impl ObjectComparison {
    fn add(&mut self, agreement: Agreement) {
        self.compared.extend(agreement.compared);
        self.findings.extend(agreement.findings);
        self.deliberate.extend(agreement.deliberate);
        self.not_compared.extend(not_compared::unread(&agreement.unread));
    }

    fn excuse(&mut self, reason: &str, often: usize) {
        if often > 0 {
            *self.deliberate.entry(reason.to_owned()).or_default() += often;
        }
    }
}

fn versions(sides: &Sides) -> Versions {
    Versions {
        source: sides.source.server_version().major(),
        target: sides.target.server_version().major(),
    }
}
