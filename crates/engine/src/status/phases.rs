//! The phases that a migration has been through, with their times.

use serde::Serialize;
use transhume_core::phase::Phase;
use transhume_pg::{
    connection::session::Session,
    state::{
        history::{self, Line},
        migration::Migration,
    },
};

use crate::error::{Doing, Result};

#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PhaseSpan {
    pub phase: Phase,
    /// RFC 3339, by the target's clock.
    pub since: String,
    /// Null for the present one, and where its end is not told.
    pub seconds: Option<f64>,
}

pub(super) async fn read(target: &Session, migration: &Migration) -> Result<Vec<PhaseSpan>> {
    let lines = history::phases(target).await.doing("reading the phases")?;
    Ok(spans(&lines, migration.phase, &migration.phase_since))
}

/// What completed a phase began the next one; the present one is the migration's own.
fn spans(lines: &[Line], now: Phase, since: &str) -> Vec<PhaseSpan> {
    let mut spans: Vec<PhaseSpan> = Vec::new();
    for pair in lines.windows(2) {
        let [begin, end] = pair else { continue };
        let Some(phase) = ended(&end.step) else { continue };
        spans.push(PhaseSpan {
            phase,
            since: begin.at.clone(),
            seconds: Some((end.epoch - begin.epoch).max(0.0)),
        });
    }
    spans.retain(|span| span.phase < now);
    let followed = lines.last().filter(|_| now > Phase::Follow);
    spans.extend(followed.map(|line| PhaseSpan {
        phase: Phase::Follow,
        since: line.at.clone(),
        seconds: None,
    }));
    spans.push(PhaseSpan {
        phase: now,
        since: since.to_owned(),
        seconds: None,
    });
    spans
}

/// The phase that a line of the story ends.
fn ended(step: &str) -> Option<Phase> {
    match step {
        "slot created" => Some(Phase::Prepare),
        step => step.strip_suffix(" completed")?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(epoch: f64, step: &str) -> Line {
        Line {
            at: format!("at {epoch}"),
            epoch,
            step: step.to_owned(),
            detail: serde_json::Value::Null,
        }
    }

    #[test]
    fn each_phase_lasts_until_the_next_begins_and_the_present_one_is_open() {
        let lines = [
            line(10.0, "started"),
            line(12.5, "slot created"),
            line(20.0, "pre-data completed"),
        ];
        let spans = spans(&lines, Phase::FullLoad, "at 20");
        let shown: Vec<_> = spans.iter().map(|span| (span.phase, span.seconds)).collect();
        assert_eq!(
            shown,
            [
                (Phase::Prepare, Some(2.5)),
                (Phase::PreData, Some(7.5)),
                (Phase::FullLoad, None)
            ]
        );
        assert_eq!(spans[1].since, "at 12.5");
    }
}
