//! What has been: samples for curves, the story line by line, the verifications.

use serde::Serialize;
pub use transhume_pg::state::{history::Line as HistoryLine, sample::Sample, verification::VerificationLine};
use transhume_pg::{
    connection::conninfo::ConnectionSettings,
    state::{history, sample, verification},
};

use crate::{
    door,
    error::{Doing, Result},
};

/// Newer lines of the story that are shown.
const LINES: i64 = 500;

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Story {
    pub version: u32,
    /// The newest first.
    pub history: Vec<HistoryLine>,
    /// The newest first.
    pub verifications: Vec<VerificationLine>,
}

pub async fn story(target: &ConnectionSettings) -> Result<Story> {
    let (session, _) = Box::pin(door::enter_target(target, "history")).await?;
    Ok(Story {
        version: super::VERSION,
        history: history::latest(&session, LINES)
            .await
            .doing("reading the history")?,
        verifications: verification::latest(&session, verification::KEPT)
            .await
            .doing("reading the verifications")?,
    })
}

/// The samples of the last so many seconds, of a day at most, the oldest first.
pub async fn samples(target: &ConnectionSettings, seconds: f64) -> Result<Vec<Sample>> {
    let (session, _) = Box::pin(door::enter_target(target, "samples")).await?;
    sample::since(&session, seconds)
        .await
        .doing("reading the samples")
}
