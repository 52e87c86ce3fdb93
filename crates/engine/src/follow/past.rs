//! Whether the source is the one that was followed: by the latest transaction that the target remembers.
//!
//! System, timeline and database are the same for a copy of the source's files that was put back and written on; its WAL is
//! not. Whoever follows asks for that transaction again and compares (`core::follow::anchor`); who does something else with
//! both servers asks here beforehand, where nobody follows.

use std::time::Duration;

use tokio::time::timeout;
use transhume_core::{
    direction::Direction,
    follow::anchor::{Anchor, OtherPast, Recognition},
    guard::anew::{anew, anew_after_loss},
    phase::Phase,
};
use transhume_pg::{
    connection::{
        error::PgError,
        names,
        raw::{Mode, RawConnection},
        session::Session,
        version::ServerVersion,
    },
    follow::{marker, slot, stream::StreamOptions, wal},
    state::{
        apply::{self, StoredFrontier},
        migration::Migration,
    },
};
use transhume_wire::{
    pgoutput::{self, Message},
    replication::ServerMessage,
};

use crate::{
    endpoints::{Endpoints, Sessions},
    error::{Doing, EngineError, Result},
};

/// First version that leaves out transactions without a change of ours: one without content need not come again.
const EMPTY_LEFT_OUT_SINCE: u32 = 15;

/// Decoding up to the anchor takes as long as what the slot keeps before it; whoever follows waits for it in any case.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an attempt at following must see first.
#[derive(Debug, Clone, Copy)]
pub(super) struct PastCheck {
    pub(super) recognition: Recognition,
    /// The server sends every transaction, those without a change of ours too.
    pub(super) sends_empty: bool,
}

impl PastCheck {
    pub(super) fn of(anchor: Option<Anchor>, source: ServerVersion) -> Self {
        Self {
            recognition: Recognition::of(anchor),
            sends_empty: source.major() < EMPTY_LEFT_OUT_SINCE,
        }
    }
}

/// Writes a transaction that the target will remember.
pub(crate) async fn emit_anchor(source: &Session, migration: &str) -> std::result::Result<(), PgError> {
    let nonce = marker::anchor_nonce(source).await?;
    marker::emit_unawaited(source, migration, &nonce).await?;
    Ok(())
}

/// Why nothing is applied any more.
pub(crate) fn refused(endpoints: &Endpoints, migration: &Migration, other: &OtherPast) -> EngineError {
    set_back(endpoints, migration.direction, &format!("{other}."))
}

/// The source was set back, or a copy of it answers.
pub(crate) fn set_back(endpoints: &Endpoints, direction: Direction, evidence: &str) -> EngineError {
    EngineError::stopped(
        "the source has another past than the one that was followed",
        format!(
            "At {}: {evidence} It was restored to an earlier time and written on, or is a copy of the source: the target {} holds \
             changes that it does not have.",
            endpoints.source, endpoints.target
        ),
        format!(
            "name the right source; where the source was set back for good, {}",
            anew_after_loss(direction)
        ),
    )
}

/// Compares what the target remembers with what the source has; nothing is applied and nothing confirmed. `followed`: a
/// runner holds the migration.
pub(crate) async fn examine(
    endpoints: &Endpoints,
    migration: &Migration,
    Sessions { source, target }: Sessions<'_>,
    followed: bool,
) -> Result<()> {
    if migration.consistent_point.is_none() || migration.phase == Phase::Done {
        return Ok(());
    }
    // The slot first: a runner moves the frontier before it confirms.
    let state = slot::state(source, &migration.slot_name)
        .await
        .doing("looking at the slot")?;
    let Some(stored) = apply::frontier(target).await.doing("reading the applied LSN")? else {
        return Ok(());
    };
    examine_end(endpoints, migration.direction, source, &stored).await?;
    let Some(state) = state else { return Ok(()) };
    if state
        .confirmed_flush
        .is_some_and(|confirmed| confirmed > stored.lsn)
    {
        return Err(target_set_back(endpoints, migration.direction, &stored));
    }
    let Some(anchor) = stored.anchor else {
        return Ok(());
    };
    if state.active_pid.is_some() {
        return if followed {
            Ok(())
        } else {
            await_reader(endpoints, migration, source).await
        };
    }
    // A look that takes longer or fails is left to whoever follows, who meets the same and says what it means.
    let looked = timeout(PATIENCE, look(endpoints, migration, anchor)).await;
    let Ok(Ok(Some(other))) = looked else {
        return Ok(());
    };
    // A runner may have come and gone meanwhile, and have confirmed more.
    let now = apply::frontier(target).await.doing("reading the applied LSN")?;
    match now.and_then(|now| now.anchor) {
        Some(now) if now != anchor => Ok(()),
        _ => Err(refused(endpoints, migration, &other)),
    }
}

async fn examine_end(
    endpoints: &Endpoints,
    direction: Direction,
    source: &Session,
    stored: &StoredFrontier,
) -> Result<()> {
    if source.is_standby() {
        return Ok(());
    }
    let end = wal::flushed_end(source)
        .await
        .doing("reading the source's WAL end")?;
    if end >= stored.lsn {
        return Ok(());
    }
    let evidence = format!("its WAL ends at {end}, before the applied LSN {}.", stored.lsn);
    Err(set_back(endpoints, direction, &evidence))
}

/// Changes were confirmed that this target does not hold.
fn target_set_back(endpoints: &Endpoints, direction: Direction, stored: &StoredFrontier) -> EngineError {
    EngineError::stopped(
        "the target was set back, or is a copy of the one that was followed to",
        format!(
            "The slot on {} is confirmed beyond the applied LSN {} of {}: changes between the two will not be sent again.",
            endpoints.source, stored.lsn, endpoints.target
        ),
        format!(
            "name the right target; where the target was set back for good, {}",
            anew(direction)
        ),
    )
}

/// A runner that has just ended leaves its walsender behind for a moment; any other reader writes to another target.
async fn await_reader(endpoints: &Endpoints, migration: &Migration, source: &Session) -> Result<()> {
    const LOOKS: u32 = 50;
    const LOOK_EVERY: Duration = Duration::from_millis(200);
    let mut reader = None;
    for _ in 0..LOOKS {
        let state = slot::state(source, &migration.slot_name)
            .await
            .doing("looking at the slot")?;
        reader = state.and_then(|state| state.active_pid);
        if reader.is_none() {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(EngineError::refused(
        format!(
            "the slot {} on {} is being read by its session {}, but no runner works on the target {}",
            migration.slot_name,
            endpoints.source,
            reader.unwrap_or_default(),
            endpoints.target
        ),
        "that session writes to another target, which this one may be a copy of: name that one, or end that session",
    ))
}

/// What is found in the place of the anchor; none where it is there.
async fn look(
    endpoints: &Endpoints,
    migration: &Migration,
    anchor: Anchor,
) -> std::result::Result<Option<OtherPast>, PgError> {
    let name = names::application_name(&migration.id, "past");
    let connection = RawConnection::connect(&endpoints.source, &name, Mode::Replication).await?;
    let publications = [&migration.publication_name];
    let mut stream = connection
        .start_replication(
            &migration.slot_name,
            anchor.commit_lsn,
            &publications,
            StreamOptions::default(),
        )
        .await?;
    let mut recognition = Recognition::of(Some(anchor));
    while !recognition.is_done() {
        let seen = match stream.next().await? {
            ServerMessage::Keepalive { wal_end, .. } => recognition.wal_end(wal_end),
            ServerMessage::Data { data, .. } => match pgoutput::decode(data) {
                Ok(Message::Begin(begin)) => recognition.transaction(Anchor {
                    commit_lsn: begin.final_lsn,
                    xid: begin.xid,
                    commit_time_micros: begin.commit_time_micros,
                }),
                // What follows a BEGIN is somebody else's to understand.
                Ok(_) | Err(_) => Ok(()),
            },
        };
        if let Err(other) = seen {
            return Ok(Some(other));
        }
    }
    // Nothing was confirmed; the walsender ends with its connection.
    Ok(None)
}
