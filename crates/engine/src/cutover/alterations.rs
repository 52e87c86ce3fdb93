//! How the source's schema differs from what is followed: for the gate, and once more right before the pause.
//!
//! The run tells it too, but looks every few seconds only: what it has told may be remedied since, or be older than the
//! latest change. What is altered while the cutover makes its way back would be missing on the target, without a row in
//! the stream that tells it. Altering is not refused while we look; the fence's locks end it.

use std::time::{Duration, Instant};

use transhume_core::{finding::Finding, guard::schema::SchemaChange};

use super::Cutover;
use crate::{
    error::{Doing, EngineError, Result},
    guard::schemas::{CHANGED, Schemas},
    selection::selector,
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
pub(super) async fn findings(cutover: &Cutover<'_>, told: &[Finding]) -> Result<Vec<Finding>> {
    let deadline = Instant::now() + CARRYING_PATIENCE;
    let is_told = |finding: &Finding| {
        let alike = |other: &Finding| other.code == CHANGED && other.object == finding.object;
        told.iter().any(alike)
    };
    loop {
        let found = schemas(cutover)
            .await?
            .findings(&cutover.source)
            .await
            .doing("asking how to remedy a change of the schema")?;
        let news = found.iter().find(|finding| !is_told(finding));
        let Some(news) = news.filter(|_| Instant::now() < deadline) else {
            return Ok(found);
        };
        cutover.reporter.waiting(format!(
            "the run to see that {} has changed: {}",
            news.object, news.message
        ));
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// All changes, whoever they matter to.
pub(super) async fn changes(cutover: &Cutover<'_>) -> Result<Vec<SchemaChange>> {
    Ok(schemas(cutover).await?.changes())
}

/// Refuses to go on where there are other changes than `before`.
pub(super) async fn refuse_newer(cutover: &Cutover<'_>, before: &[SchemaChange]) -> Result<()> {
    let now = changes(cutover).await?;
    let Some(newer) = now.iter().find(|change| !before.contains(change)) else {
        return Ok(());
    };
    Err(EngineError::refused(
        format!(
            "the source's schema changed while the cutover prepared itself: {}: {}",
            newer.table.plain(),
            newer.message()
        ),
        "\"transhume status\" names it within seconds and says how to remedy it, where the run does not carry it over by itself; \
         then cut over again",
    ))
}
