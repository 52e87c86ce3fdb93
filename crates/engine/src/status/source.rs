//! The source's side of the stream, measured at the time of asking: its WAL's end and what the slot keeps.
//!
//! A source that does not answer within a few seconds, or is another one, is told; what the runner reported last stands in with its
//! age, and where no runner is alive nothing is known.

use std::time::Duration;

use serde::Serialize;
use transhume_core::finding::Finding;
use transhume_pg::{
    connection::{conninfo::ConnectionSettings, names, session::Session},
    follow::{slot, wal},
    state::{migration::Migration, overview::Overview},
};
use transhume_wire::lsn::Lsn;

use super::obstacle::obstacle;
use crate::{
    door,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    prepare::identity::source_identity,
};

/// A status is asked for by people, and by programs that ask again.
const PATIENCE: Duration = Duration::from_secs(3);

/// From when the figures of the source are: `source_wal_end`, `lag_bytes`, `lag_seconds` and what the slot keeps.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct SourceFigures {
    pub known: Known,
    /// Null where they are unknown.
    pub age_seconds: Option<f64>,
    /// RFC 3339: when they were last known; null where they never were.
    pub last_known: Option<String>,
    /// Why they were not measured now; empty where they were.
    pub problem: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// Measured on the source at the time of asking.
    Measured,
    /// As a living runner reported last.
    Reported,
    Unknown,
}

/// What the source says now.
pub(super) struct Measured {
    pub(super) wal_end: Lsn,
    /// None where the slot is gone.
    pub(super) retained_bytes: Option<i64>,
    /// Why the stream could not go on.
    pub(super) obstacle: Option<Finding>,
}

/// What came of asking the source.
pub(super) enum SourceAnswer {
    Measured(Measured),
    /// Nothing, and why.
    Silent(String),
}

impl SourceAnswer {
    pub(super) fn measured(&self) -> Option<&Measured> {
        match self {
            Self::Measured(measured) => Some(measured),
            Self::Silent(_) => None,
        }
    }
}

impl From<std::result::Result<Measured, String>> for SourceAnswer {
    fn from(measured: std::result::Result<Measured, String>) -> Self {
        measured.map_or_else(Self::Silent, Self::Measured)
    }
}

/// A session on the source, or why there is none.
pub(super) async fn connect(source: Option<&ConnectionSettings>) -> std::result::Result<Session, String> {
    let source = source.ok_or("no source is given")?;
    let name = names::application_name("status", "status");
    match tokio::time::timeout(PATIENCE, Session::connect(source, &name)).await {
        Ok(Ok(session)) => Ok(session),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(silent()),
    }
}

/// Measures, once the target has been read: what is applied is not ahead of the source then.
async fn measure(
    endpoints: &Endpoints,
    source: &Session,
    migration: &Migration,
) -> std::result::Result<Measured, String> {
    let measuring = async {
        let identity = source_identity(endpoints, source).await?;
        let expected = &migration.identity;
        if (&identity.system, identity.database_oid) != (&expected.system, expected.database_oid) {
            return Err(EngineError::refused("it is not the source of this migration", ""));
        }
        let slot = slot::state(source, &migration.slot_name)
            .await
            .doing("looking at the slot")?;
        let wal_end = wal::flushed_end(source)
            .await
            .doing("reading the source's WAL end")?;
        Ok(Measured {
            wal_end,
            retained_bytes: slot.and_then(|slot| slot.retained_bytes),
            obstacle: obstacle(endpoints, source, migration).await?,
        })
    };
    let measured: Result<Measured> = tokio::time::timeout(PATIENCE, measuring)
        .await
        .map_err(|_| silent())?;
    measured.map_err(|error| error.to_string())
}

/// Measures where the source is this migration's: another database is refused, one that does not answer is told.
async fn admitted(endpoints: &Endpoints, source: &Session, migration: &Migration) -> Result<SourceAnswer> {
    let admitted = Box::pin(door::admit_source(endpoints, migration, source));
    match tokio::time::timeout(PATIENCE, admitted).await {
        Ok(Ok(())) => Ok(Box::pin(measure(endpoints, source, migration)).await.into()),
        Ok(Err(error @ EngineError::Stopped { .. })) => Err(error),
        Ok(Err(error)) => Ok(SourceAnswer::Silent(error.to_string())),
        Err(_) => Ok(SourceAnswer::Silent(silent())),
    }
}

/// The same of whoever was reached, or why nobody was.
pub(super) async fn ask(
    reached: std::result::Result<Session, String>,
    (source, target): (Option<&ConnectionSettings>, &ConnectionSettings),
    migration: &Migration,
) -> Result<SourceAnswer> {
    let (session, source) = match (reached, source) {
        (Ok(session), Some(source)) => (session, source),
        (Ok(_), None) => return Ok(SourceAnswer::Silent(String::new())),
        (Err(problem), _) => return Ok(SourceAnswer::Silent(problem)),
    };
    let endpoints = Endpoints {
        source: source.clone(),
        target: target.clone(),
    };
    admitted(&endpoints, &session, migration).await
}

fn silent() -> String {
    format!("it does not answer within {} s", PATIENCE.as_secs())
}

/// What may be told of the source, the best that is known.
pub(super) fn figures(asked: &SourceAnswer, is_runner_alive: bool, overview: &Overview) -> SourceFigures {
    let last_known = overview.measured_at.clone();
    match asked {
        SourceAnswer::Measured(_) => SourceFigures {
            known: Known::Measured,
            age_seconds: Some(0.0),
            last_known,
            problem: String::new(),
        },
        SourceAnswer::Silent(problem) => {
            let reported = is_runner_alive && overview.source_wal_end.is_some();
            SourceFigures {
                known: if reported { Known::Reported } else { Known::Unknown },
                age_seconds: overview.measured_age_seconds.filter(|_| reported),
                last_known,
                problem: problem.clone(),
            }
        }
    }
}

pub(super) fn wal_end(asked: &SourceAnswer, figures: &SourceFigures, overview: &Overview) -> Option<Lsn> {
    match (asked, figures.known) {
        (SourceAnswer::Measured(measured), _) => Some(measured.wal_end),
        (SourceAnswer::Silent(_), Known::Unknown) => None,
        (SourceAnswer::Silent(_), _) => overview.source_wal_end,
    }
}

pub(super) fn retained_bytes(
    asked: &SourceAnswer,
    figures: &SourceFigures,
    overview: &Overview,
) -> Option<i64> {
    match (asked, figures.known) {
        (SourceAnswer::Measured(measured), _) => measured.retained_bytes,
        (SourceAnswer::Silent(_), Known::Unknown) => None,
        (SourceAnswer::Silent(_), _) => overview.slot.retained_bytes,
    }
}
