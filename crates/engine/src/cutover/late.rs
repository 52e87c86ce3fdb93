//! Late writers: the proof that nothing was committed on the source after the fence.
//!
//! The stream itself is read from the frontier to a closing marker, and every data change found in
//! it is one that the target does not have. It runs once the target is open, so that it costs no pause.

use std::time::Duration;
use transhume_core::count::counted;

use transhume_core::finding::Finding;
use transhume_pg::{
    connection::{
        names,
        raw::{Mode, RawConnection},
        session::Session,
    },
    follow::{marker, slot, stream::StreamOptions},
    state::migration::Migration,
    wait::Wait,
};
use transhume_wire::{
    lsn::Lsn,
    pgoutput::{self, Message},
    replication::ServerMessage,
};

use super::{Cutover, CutoverReport};
use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
};

/// How long the runner may take to let the slot go, and the stream to reach the closing marker.
const PATIENCE: Duration = Duration::from_secs(30);

const REMEDY: &str = "run \"transhume verify\" between source and target and carry over what differs before \"transhume finish\"";

const SLOT_POLL: Duration = Duration::from_millis(100);

/// Counts what came after the fence into the report; not being able to look is a finding too. True when it was
/// looked at to the end.
pub(super) async fn check(
    cutover: &Cutover<'_>,
    announcer: &Session,
    own: u32,
    report: &mut CutoverReport,
) -> bool {
    let behind = (report.fence_lsn, Some(own));
    let looking = changes(cutover.endpoints, &cutover.migration, announcer, behind);
    let looked = tokio::time::timeout(PATIENCE, looking).await;
    match looked.unwrap_or(Err(EngineError::Interrupted)) {
        Ok(0) => true,
        Ok(late) => {
            report.late_changes = late;
            report.findings.push(finding(late));
            true
        }
        Err(error) => {
            report.findings.push(Finding::warning(
                "late-changes-unknown",
                "",
                format!("could not read whether the source committed anything after the fence: {error}"),
                REMEDY,
            ));
            false
        }
    }
}

/// Somebody wrote where nobody should.
pub(crate) fn finding(late: u64) -> Finding {
    Finding::warning(
        "late-changes",
        "",
        format!(
            "the source committed {} after the fence, which the target does not have",
            counted(late, "change")
        ),
        REMEDY,
    )
}

/// Data changes that the source committed behind `fence_lsn`, up to now. The fence's `own` transaction writes none; what event
/// triggers write of it is theirs.
pub(crate) async fn changes(
    endpoints: &Endpoints,
    migration: &Migration,
    announcer: &Session,
    (fence_lsn, own): (Lsn, Option<u32>),
) -> Result<u64> {
    let name = &migration.slot_name;
    wait_until_free(announcer, name).await?;
    let nonce = marker::nonce(announcer).await.doing("making a nonce")?;
    let end = marker::emit(announcer, &migration.id, &nonce)
        .await
        .doing("writing the closing marker")?;
    let connection = RawConnection::connect(
        &endpoints.source,
        &names::application_name(&migration.id, "late"),
        Mode::Replication,
    )
    .await
    .doing("opening a replication connection to the source")?;
    let publications = [&migration.publication_name];
    let mut stream = connection
        .start_replication(name, fence_lsn, &publications, StreamOptions::default())
        .await
        .doing("reading the stream behind the fence")?;
    let mut late = 0;
    let (mut commit_lsn, mut is_own) = (Lsn::ZERO, false);
    loop {
        match stream.next().await.doing("reading the stream behind the fence")? {
            ServerMessage::Keepalive { wal_end, .. } if wal_end > end => return Ok(late),
            ServerMessage::Keepalive { .. } => {}
            ServerMessage::Data { data, .. } => match pgoutput::decode(data) {
                Ok(Message::Begin(begin)) => {
                    commit_lsn = begin.final_lsn;
                    is_own = own == Some(begin.xid);
                }
                Ok(Message::Commit(commit)) if commit.end_lsn > end => return Ok(late),
                Ok(
                    Message::Insert { .. }
                    | Message::Update { .. }
                    | Message::Delete { .. }
                    | Message::Truncate { .. },
                ) if commit_lsn > fence_lsn && !is_own => late += 1,
                Ok(_) => {}
                Err(error) => {
                    return Err(EngineError::stopped(
                        error.to_string(),
                        "",
                        "report this with the bytes shown",
                    ));
                }
            },
        }
    }
}

async fn wait_until_free(source: &Session, name: &str) -> Result<()> {
    let wait = Wait::up_to(PATIENCE, SLOT_POLL);
    loop {
        let state = slot::state(source, name).await.doing("looking at the slot")?;
        if state.is_none_or(|state| state.active_pid.is_none()) || !wait.rest().await {
            return Ok(());
        }
    }
}
