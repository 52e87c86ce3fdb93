//! How the source's schema differs from what is followed: for the gate, and once more right before the pause.
//!
//! The run tells it too, but looks every few seconds only: what it has told may be remedied since, or be older than the
//! latest change. What is altered while the cutover makes its way back would be missing on the target, without a row in
//! the stream that tells it. Altering is not refused while we look; the fence's locks end it.

use std::time::Duration;

use transhume_core::{
    finding::Finding, guard::schema::SchemaChange, sides::Sides, verify::objects::SequenceSituation,
};
use transhume_pg::{guard::fingerprint::fingerprint, state::verification, verify::rows::shapes, wait::Wait};
use transhume_wire::ident::QualifiedName;

use super::Cutover;
use crate::{
    error::{Doing, EngineError, Result},
    guard::schemas::{CHANGED, Schemas},
    selection::selector,
    verify::objects::ObjectVerifier,
};

/// A little longer than the run takes to look at the schemas again, and to carry over what it may.
const CARRYING_PATIENCE: Duration = Duration::from_secs(7);
const LOOK_EVERY: Duration = Duration::from_millis(200);

async fn schemas(cutover: &Cutover<'_>) -> Result<Schemas> {
    let selector = selector(&cutover.migration.selection)?;
    let publication = &cutover.migration.publication_name;
    Schemas::take(&cutover.source, &cutover.target, publication, &selector)
        .await
        .doing("comparing the schemas")
}

/// What the target does not have yet. What the run has not `told` of it may be about to be carried over.
pub(super) async fn findings(cutover: &Cutover<'_>, reported: &[Finding]) -> Result<Vec<Finding>> {
    let side = cutover.endpoints.written_side(cutover.migration.direction);
    let wait = Wait::up_to(CARRYING_PATIENCE, LOOK_EVERY);
    let is_reported = |finding: &Finding| {
        let alike = |other: &Finding| other.code == CHANGED && other.object == finding.object;
        reported.iter().any(alike)
    };
    loop {
        let found = schemas(cutover)
            .await?
            .findings(&cutover.source, &side)
            .await
            .doing("asking how to remedy a change of the schema")?;
        let news = found.iter().find(|finding| !is_reported(finding));
        let Some(news) = news.filter(|_| !wait.is_over()) else {
            return Ok(found);
        };
        cutover.reporter.waiting(format!(
            "the run to see that {} has changed: {}",
            news.object, news.message
        ));
        wait.rest().await;
    }
}

/// How the definitions of the two sides differ.
pub(super) async fn differing(cutover: &Cutover<'_>) -> Result<Vec<Finding>> {
    let selector = selector(&cutover.migration.selection)?;
    let objects = ObjectVerifier {
        endpoints: cutover.endpoints,
        migration: &cutover.migration.id,
        selector: &selector,
        roles: &cutover.migration.selection.roles,
        situation: SequenceSituation::Following,
        all_constraints: false,
        reporter: cutover.reporter,
    };
    objects.differing().await
}

/// Tables that are not what they were when the last verification compared them.
pub(super) async fn since_verified(cutover: &Cutover<'_>) -> Result<Vec<String>> {
    let doing = "asking which tables were altered since they were compared";
    let publication = &cutover.migration.publication_name;
    let source = shapes(&cutover.source, publication).await.doing(doing)?;
    let target = shapes(&cutover.target, publication).await.doing(doing)?;
    let shapes = Sides {
        source: &source,
        target: &target,
    };
    let altered = verification::altered_since(&cutover.target, shapes)
        .await
        .doing(doing)?;
    Ok(altered.iter().map(QualifiedName::plain).collect())
}

/// What may change while a cutover prepares itself.
pub(super) struct Before {
    changes: Vec<SchemaChange>,
    catalogs: String,
}

pub(super) async fn now(cutover: &Cutover<'_>) -> Result<Before> {
    Ok(Before {
        // First: what changes in between is met by both.
        catalogs: fingerprint(&cutover.source)
            .await
            .doing("looking at the source's catalogs")?,
        changes: schemas(cutover).await?.changes(),
    })
}

/// Refuses to go on where something else has changed than `before`.
pub(super) async fn refuse_newer(cutover: &Cutover<'_>, before: &Before) -> Result<()> {
    let now = now(cutover).await?;
    let newer = now.changes.iter().find(|change| !before.changes.contains(change));
    let what = match newer {
        Some(newer) => format!("{}: {}", newer.table.plain(), newer.message()),
        None if now.catalogs != before.catalogs => {
            "a type, function, trigger, policy, constraint, view or default".to_owned()
        }
        None => return Ok(()),
    };
    Err(EngineError::refused(
        format!("the source's schema changed while the cutover prepared itself: {what}"),
        "\"transhume cutover --check\" names it and says how to remedy it, where the run does not carry it over by itself; then \
         cut over again",
    ))
}
