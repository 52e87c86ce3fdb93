//! What must be so on the source before a table is decoded: an identity for its rows, and membership.
//!
//! Replica identities come first, or publishing would break the application's UPDATE and DELETE. Each is
//! written down on the target before it is made, so that it is undone after a crash at any point.

use std::time::Duration;

use transhume_core::{
    direction::Direction,
    disposition::Disposition,
    guard::anew::anew,
    table::{Persistence, Table},
};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    follow::{publication, replica_identity},
    state::deviation::{self, NewDeviation, Side},
};

use crate::{
    cancel::Cancellation,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

/// How often a lock that the application holds is asked for again; each try makes writers queue for
/// at most two seconds.
const LOCK_ATTEMPTS: usize = 10;
/// Between two tries.
const LOCK_INTERVAL: Duration = Duration::from_secs(2);

pub(crate) struct Publishing<'run> {
    pub(crate) source: &'run mut Session,
    pub(crate) target: &'run Session,
    pub(crate) reporter: &'run Reporter,
    pub(crate) cancellation: &'run Cancellation,
}

/// What is published for these tables. Unlogged ones never reach the WAL, so they cannot be.
pub(crate) fn published_tables<'a>(tables: impl IntoIterator<Item = &'a Table>) -> Vec<&'a Table> {
    tables
        .into_iter()
        .flat_map(Table::stores)
        .filter(|table| table.holds_rows() && table.persistence == Persistence::Permanent)
        .collect()
}

impl Publishing<'_> {
    /// Gives full identities to tables that have no usable key.
    pub(crate) async fn set_replica_identities(&mut self, tables: &[&Table]) -> Result<()> {
        for table in tables.iter().filter(|table| table.needs_full_identity()) {
            let plain = table.name.plain();
            let id = deviation::intend(
                &**self.target,
                &NewDeviation {
                    side: Side::Source,
                    kind: "replica-identity",
                    object: &table.name.lookup(),
                    description: &format!("replica identity of {plain} set to full"),
                    undo: &[replica_identity::restore(table)],
                },
            )
            .await
            .doing("recording a change of the source")?;
            let statement = replica_identity::set_full_statement(table);
            let (reporter, cancellation) = (self.reporter, self.cancellation);
            with_patience(&plain, reporter, cancellation, async || {
                replica_identity::alter(self.source, &statement).await
            })
            .await
            .map_err(|error| error.while_doing(format!("setting the replica identity of {plain}")))?;
            deviation::made(&**self.target, id)
                .await
                .doing("recording a change of the source")?;
            self.reporter
                .step(format!("{plain} has no usable key: replica identity set to full"));
        }
        Ok(())
    }

    /// Makes those of these tables members of the publication that are none yet, and gives their rows
    /// identities; says how many.
    pub(crate) async fn join(&mut self, publication: &str, tables: &[Table]) -> Result<usize> {
        let members = publication::tables(self.source, publication)
            .await
            .doing("reading the publication's tables")?
            .ok_or_else(|| {
                EngineError::stopped(
                    format!("the publication {publication} is not on the source any more"),
                    "Changes of the tables that it had cannot be decoded.",
                    anew(Direction::Forward),
                )
            })?;
        let mut missing = published_tables(tables);
        missing.retain(|table| !members.contains(&table.name));
        if missing.is_empty() {
            return Ok(0);
        }
        self.set_replica_identities(&missing).await?;
        for table in &missing {
            let name = table.name.plain();
            let (reporter, cancellation) = (self.reporter, self.cancellation);
            with_patience(&name, reporter, cancellation, async || {
                publication::add_table(self.source, publication, table).await
            })
            .await
            .map_err(|error| error.while_doing(format!("adding {name} to the publication")))?;
            self.reporter
                .step(format!("publication {publication} has {name} now"));
        }
        Ok(missing.len())
    }
}

/// Why a lock was not had.
enum Impatience {
    Failed(PgError),
    Cancelled,
}

impl Impatience {
    fn while_doing(self, doing: String) -> EngineError {
        match self {
            Self::Failed(source) => EngineError::Server { doing, source },
            Self::Cancelled => EngineError::Interrupted,
        }
    }
}

/// Tries again while other sessions hold the lock, saying so.
async fn with_patience(
    tables: &str,
    reporter: &Reporter,
    cancellation: &Cancellation,
    mut attempt: impl AsyncFnMut() -> std::result::Result<(), PgError>,
) -> std::result::Result<(), Impatience> {
    for tried in 1.. {
        let Err(error) = attempt().await else { break };
        if error.disposition() != Disposition::Retry || tried == LOCK_ATTEMPTS {
            return Err(Impatience::Failed(error));
        }
        reporter.waiting(format!("a lock on {tables} that other sessions hold"));
        tokio::select! {
            () = tokio::time::sleep(LOCK_INTERVAL) => {}
            () = cancellation.cancelled() => return Err(Impatience::Cancelled),
        }
    }
    Ok(())
}
