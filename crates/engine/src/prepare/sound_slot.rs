//! The slot, made so that everything after its consistent point is decoded with the catalogs as they were then.
//!
//! PostgreSQL 12 to 18 do not ensure that (pgsql-hackers, "Fix logical decoding not track transaction during
//! SNAPBUILD_BUILDING_SNAPSHOT", November 2025). Of transactions that end while a new slot waits for the first time, the
//! decoder learns nothing. A table that one of them altered is read as it was before by transactions that begin soon
//! after: a new column is missing in their rows, a truncated table is not found. So where anything was altered while
//! the slot was made, it is made once more beside a temporary slot that was there before it, the witness. What the
//! witness knows of the catalogs the server keeps on disk for each position that it passes, and a decoder that finds
//! that where it begins starts from it instead of building its own (decision 0015).

use std::{future::Future, time::Duration};

use transhume_pg::{
    catalog::{activity, altered::altered_since},
    connection::{
        error::PgError,
        names,
        raw::{Mode, RawConnection},
        session::Session,
    },
    follow::{
        slot::{self, CreatedSlot},
        stream::StreamOptions,
        wal,
    },
    state::{
        deviation::{self, NewDeviation, Side},
        undo::{OwnName, Undo},
    },
};
use transhume_wire::{lsn::Lsn, replication::SlotSnapshot};

use super::Preparation;
use crate::error::{Doing, EngineError, Result};

/// Between two looks at who keeps the slot from becoming consistent.
const BLOCKER_INTERVAL: Duration = Duration::from_secs(2);

const CREATING: &str = "creating the slot";

/// A slot whose deviation is still to be recorded as made.
pub(super) struct MadeSlot {
    pub(super) slot: CreatedSlot,
    pub(super) deviation: i64,
    /// Its snapshot, if it has one, lives as long as this.
    _connection: RawConnection,
}

pub(super) async fn make(preparation: &Preparation<'_>) -> Result<MadeSlot> {
    let name = &preparation.migration.slot_name;
    let deviation = deviation::intend(
        &**preparation.target,
        &NewDeviation {
            side: Side::Source,
            kind: "slot",
            object: name,
            description: &format!("logical replication slot {name}"),
            undo: &[Undo::DropSlot {
                name: OwnName::made(name),
            }],
        },
    )
    .await
    .doing("recording a change of the source")?;
    let (slot, connection) = sound(preparation, name).await?;
    Ok(MadeSlot {
        slot,
        deviation,
        _connection: connection,
    })
}

/// A slot that decodes with the right catalogs, and the connection that holds its snapshot.
async fn sound(preparation: &Preparation<'_>, name: &str) -> Result<(CreatedSlot, RawConnection)> {
    let horizon = wal::next_xid(preparation.source)
        .await
        .doing("reading the source's next transaction id")?;
    let mut connection = connected(preparation).await?;
    let slot = created(preparation, &mut connection, name).await?;
    let altered = altered_since(preparation.source, horizon)
        .await
        .doing("looking for what was altered while the slot was made")?;
    let Some(altered) = altered else {
        return Ok((slot, connection));
    };
    preparation.reporter.step(format!(
        "{altered} was altered while the slot was made, and might be decoded as it was before: the slot is made once more"
    ));
    connection.close().await;
    slot::drop(preparation.source, name)
        .await
        .doing("dropping the slot that may decode wrongly")?;
    witnessed(preparation, name).await
}

/// A slot whose beginning a witness has passed.
async fn witnessed(preparation: &Preparation<'_>, name: &str) -> Result<(CreatedSlot, RawConnection)> {
    let mut witnessing = connected(preparation).await?;
    let backend = witnessing.backend_pid();
    let witness = names::witness_slot(name, backend);
    let creating = slot::create(&mut witnessing, &witness, SlotSnapshot::None, true);
    attended(preparation, backend, creating, waiting_for, CREATING).await?;
    let mut connection = connected(preparation).await?;
    let slot = created(preparation, &mut connection, name).await?;
    let passing = pass(preparation, witnessing, &witness, slot.consistent_point);
    let waiting = async |_: &Session| {
        Ok(format!(
            "slot {witness} to read the WAL up to {}",
            slot.consistent_point
        ))
    };
    attended(
        preparation,
        backend,
        passing,
        waiting,
        "reading the WAL from before the slot",
    )
    .await?;
    Ok((slot, connection))
}

/// Has the server read its WAL from before a slot's beginning to its consistent point, as the witness. It decodes no
/// transaction of it, and moves no slot by leaps: where it leaps, it overlooks catalogs that a subtransaction altered
/// (servers before 14).
async fn pass(
    preparation: &Preparation<'_>,
    connection: RawConnection,
    witness: &str,
    position: Lsn,
) -> std::result::Result<(), PgError> {
    let publications = [&preparation.migration.publication_name];
    let mut stream = connection
        .start_replication(witness, position, &publications, StreamOptions::default())
        .await?;
    stream.passed(position).await
}

async fn connected(preparation: &Preparation<'_>) -> Result<RawConnection> {
    RawConnection::connect(
        &preparation.endpoints.source,
        &names::application_name(&preparation.migration.id, "slot"),
        Mode::Replication,
    )
    .await
    .doing("opening a replication connection to the source")
}

/// With its snapshot where the server can export it.
async fn created(
    preparation: &Preparation<'_>,
    connection: &mut RawConnection,
    name: &str,
) -> Result<CreatedSlot> {
    let backend = connection.backend_pid();
    let creating = async {
        match slot::create(connection, name, SlotSnapshot::Export, false).await {
            Err(error) if slot::is_snapshot_too_large(&error) => {
                preparation.reporter.step(
                    "the source runs too many transactions within transactions for the slot's snapshot: the slot is made \
                     without, and the load reads under one that is taken later",
                );
                slot::create(connection, name, SlotSnapshot::None, false).await
            }
            created => created,
        }
    };
    attended(preparation, backend, creating, waiting_for, CREATING).await
}

/// Waits for a command on a slot, saying for whom; ends its backend when cancelled.
async fn attended<T>(
    preparation: &Preparation<'_>,
    backend: i32,
    command: impl Future<Output = std::result::Result<T, PgError>>,
    waiting: impl AsyncFn(&Session) -> Result<String>,
    doing: &'static str,
) -> Result<T> {
    tokio::pin!(command);
    loop {
        tokio::select! {
            ended = &mut command => return ended.doing(doing),
            () = tokio::time::sleep(BLOCKER_INTERVAL) => {
                preparation.reporter.waiting(waiting(preparation.source).await?);
            }
            () = preparation.cancellation.cancelled() => {
                // The walsender does not notice that we left while it waits for a transaction.
                slot::end_backend(preparation.source, backend)
                    .await
                    .doing("giving up the slot")?;
                return Err(EngineError::Interrupted);
            }
        }
    }
}

/// Names who keeps the slot from becoming consistent.
async fn waiting_for(source: &Session) -> Result<String> {
    let writing = activity::writing_transactions(source)
        .await
        .doing("asking who keeps the slot waiting")?;
    let prepared = activity::prepared_transactions(source)
        .await
        .doing("asking who keeps the slot waiting")?;
    let sessions = writing.iter().map(|transaction| {
        format!(
            "process {} of {} for {} s",
            transaction.pid,
            transaction.user.as_deref().unwrap_or("another role"),
            transaction.age_seconds.unwrap_or_default()
        )
    });
    let names = prepared.iter().map(|transaction| {
        format!(
            "prepared transaction \"{}\" of {}",
            transaction.gid.escape_debug(),
            transaction.owner
        )
    });
    let whom = sessions.chain(names).collect::<Vec<_>>().join("; ");
    Ok(format!(
        "transactions that must end before the slot is consistent: {whom}"
    ))
}
