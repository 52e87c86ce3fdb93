//! The estimate of the write pause, for `status`, `assess` and the rehearsal: gathers what `core` computes it from.

use std::{str::FromStr, time::Duration};

use serde::Serialize;
pub use transhume_core::cutover::write_pause::{Forecast, PausePart, PauseStep};
use transhume_core::{
    assess::observation::Observed,
    cutover::write_pause::{Circumstances, Rehearsed},
};
use transhume_pg::{
    connection::session::Session,
    state::write_pause::{self, PauseFacts, Rehearsal},
};

use crate::error::{Doing, Result};

/// How long writers would wait if it were cut over now.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PauseEstimate {
    #[serde(flatten)]
    pub forecast: Forecast,
    /// Since the rehearsal that measured what is called measured; null without one.
    pub rehearsal_age_seconds: Option<f64>,
}

/// Of a migration that is followed, from what the target knows. The way to the source is taken to be as long as that to
/// the target, which is measured.
pub(crate) async fn of_following(target: &Session, lag_bytes: u64) -> Result<PauseEstimate> {
    let doing = "estimating the write pause";
    let facts = write_pause::facts(target).await.doing(doing)?;
    let round_trip = target.round_trip().await.doing(doing)?;
    let rehearsed = facts.rehearsal.as_ref().map(rehearsed);
    Ok(PauseEstimate {
        forecast: circumstances(&facts, lag_bytes, round_trip).forecast(rehearsed.as_ref()),
        rehearsal_age_seconds: facts.rehearsal.map(|rehearsal| rehearsal.age.as_secs_f64()),
    })
}

/// Of the cutover that was just rehearsed.
pub(crate) async fn of_rehearsal(target: &Session, rehearsed: &Rehearsed) -> Result<Forecast> {
    let doing = "forecasting the write pause";
    let facts = write_pause::facts(target).await.doing(doing)?;
    let round_trip = target.round_trip().await.doing(doing)?;
    Ok(circumstances(&facts, 0, round_trip).forecast(Some(rehearsed)))
}

/// Before anything is moved: as it will be once the target has caught up.
pub(crate) fn of_observed(observed: &Observed) -> Forecast {
    let (source, target) = (&observed.source, &observed.target);
    let sequences = source.sequences.iter();
    let circumstances = Circumstances {
        tables: observed.selected_with_rows().count(),
        sequences: sequences
            .filter(|sequence| observed.selects(sequence.deciding_name()))
            .count(),
        foreign_keys: match target.capabilities.replica_role.refusal() {
            Some(_) => source.foreign_keys,
            None => 0,
        },
        lag_bytes: 0,
        bytes_per_second: None,
        round_trip: source.round_trip.max(target.round_trip),
        holds_clients: false,
    };
    circumstances.forecast(None)
}

fn circumstances(facts: &PauseFacts, lag_bytes: u64, round_trip: Duration) -> Circumstances {
    Circumstances {
        tables: facts.tables,
        sequences: facts.sequences,
        foreign_keys: facts.foreign_keys,
        lag_bytes,
        bytes_per_second: facts.bytes_per_second,
        round_trip,
        holds_clients: false,
    }
}

/// Steps that this version does not know are left out.
fn rehearsed(rehearsal: &Rehearsal) -> Rehearsed {
    let steps = rehearsal.steps.iter();
    Rehearsed {
        steps: steps
            .filter_map(|(name, milliseconds)| Some((PauseStep::from_str(name).ok()?, *milliseconds)))
            .collect(),
    }
}
