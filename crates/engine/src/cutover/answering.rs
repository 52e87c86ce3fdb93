//! What could hang inside the pause is asked before it: commits of both servers, and the reverse stream.
//!
//! Costs nobody anything: nothing is locked yet. Invariant: whatever does not answer here is told by its name, and
//! the cutover is refused.

use std::time::Duration;

use tokio::time::timeout;
use transhume_pg::{
    connection::{
        names,
        raw::{Mode, RawConnection},
        session::Session,
    },
    follow::{marker, stream::StreamOptions},
    state::migration::Migration,
};
use transhume_wire::lsn::Lsn;

use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    present::migration_on,
};

/// A commit takes milliseconds, through a synchronous standby on another continent a fifth of a second.
const COMMIT_PATIENCE: Duration = Duration::from_secs(5);

/// The slot has just been made, so that little lies before the marker; on a busy server that is still seconds of WAL.
const STREAM_PATIENCE: Duration = Duration::from_secs(60);

/// A walsender that is told to end does so at once.
const ENDING: Duration = Duration::from_secs(5);

/// Both servers confirm what is committed there.
pub(super) async fn both_commit(endpoints: &Endpoints) -> Result<()> {
    let target = endpoints.target_session("cutover", "cutover").await?;
    let id = migration_on(&target).await?.id;
    let source = endpoints.source_session(&id, "cutover").await?;
    tokio::try_join!(commits(&source, "source", &id), commits(&target, "target", &id)).map(drop)
}

/// Commits something that the server's synchronous standbys must confirm, where it has some; the end of its WAL then.
pub(super) async fn commits(session: &Session, side: &str, migration: &str) -> Result<Lsn> {
    let nonce = marker::nonce(session).await.doing("making a nonce")?;
    let committing = marker::emit_confirmed(session, migration, &nonce);
    match timeout(COMMIT_PATIENCE, committing).await {
        Ok(committed) => committed.doing(format!("committing something on the {side}")),
        Err(_) => {
            // It is committed there, and waits for nobody any more.
            let _ = session.canceller().cancel().await;
            Err(EngineError::refused(
                format!(
                    "a commit on the {side} does not come back within {} s: {} waits for its synchronous standbys or its disk",
                    COMMIT_PATIENCE.as_secs(),
                    session.endpoint()
                ),
                "the application would wait as long inside the pause: see synchronous_standby_names and pg_stat_replication \
                 there, then cut over again",
            ))
        }
    }
}

/// A marker of the target comes back through the reverse slot: it is there, decodes, and can be read from here. `position` is
/// where a commit of the target just ended.
pub(super) async fn reverse_stream(reversed: &Endpoints, reverse: &Migration, position: Lsn) -> Result<()> {
    let doing = "reading a marker through the reverse stream";
    let name = names::application_name(&reverse.id, "reverse-trial");
    let connection = RawConnection::connect(&reversed.source, &name, Mode::Replication)
        .await
        .doing(doing)?;
    let publications = [&reverse.publication_name];
    let mut stream = connection
        .start_replication(
            &reverse.slot_name,
            position,
            &publications,
            StreamOptions::default(),
        )
        .await
        .doing(doing)?;
    let passed = timeout(STREAM_PATIENCE, stream.passed(position)).await;
    // Nothing was confirmed. A walsender that does not end in order ends with its connection.
    let _ = timeout(ENDING, stream.close()).await;
    match passed {
        Ok(passed) => passed.doing(doing),
        Err(_) => Err(EngineError::refused(
            format!(
                "the reverse stream has brought no marker within {} s: a fallback would be impossible",
                STREAM_PATIENCE.as_secs()
            ),
            "see pg_replication_slots and the log of the target, then cut over again; --without-fallback goes without",
        )),
    }
}
