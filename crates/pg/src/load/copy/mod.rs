//! COPY from one server into the other: the source's data messages are passed on unopened.
//!
//! Memory is bounded by one gathered read whatever the size of a row, since parts of a message are
//! passed on as they come. Afterwards each connection is either usable (its transaction may have
//! failed) or reports itself as broken. Never retries.

mod forward;
mod limit;
mod meter;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use transhume_core::count::counted;

use self::forward::Forward;
pub use self::{limit::RateLimit, meter::CopyMeter};
use crate::connection::{
    error::PgError,
    raw::{self, RawConnection, rows_of_tag},
};

/// Data that the source may still have under way when the target gives up; beyond it, closing the
/// source's connection is cheaper than reading a table to its end for nothing.
const MOST_THROWN_AWAY: usize = 16 * 1024 * 1024;
/// Rest of a cut-off message that is filled up so that the target's connection stays usable.
const MOST_FILLED_UP: usize = 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopySide {
    Source,
    Target,
}

impl std::fmt::Display for CopySide {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// Why a COPY ended early, and on which side.
#[derive(Debug, thiserror::Error)]
#[error("copy failed on the {side}: {error}")]
pub struct CopyError {
    pub side: CopySide,
    pub error: PgError,
}

impl CopyError {
    fn source(error: PgError) -> Self {
        Self {
            side: CopySide::Source,
            error,
        }
    }

    fn target(error: PgError) -> Self {
        Self {
            side: CopySide::Target,
            error,
        }
    }
}

/// What went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyTotals {
    pub rows: u64,
    /// Bytes of rows, without the protocol's headers.
    pub bytes: u64,
}

/// Runs `copy_out` (COPY … TO STDOUT) on the source into `copy_in` (COPY … FROM STDIN) on the target.
///
/// Both must name the same format. The meter counts while it runs.
pub async fn copy_through(
    source: &mut RawConnection,
    copy_out: &str,
    target: &mut RawConnection,
    copy_in: &str,
    meter: &CopyMeter,
    limit: Option<&RateLimit>,
) -> Result<CopyTotals, CopyError> {
    begin(target, copy_in, b'G').await.map_err(CopyError::target)?;
    if let Err(error) = begin(source, copy_out, b'H').await {
        give_up_target(target, 0, &error).await;
        return Err(CopyError::source(error));
    }
    let mut forward = Forward::default();
    match forward.run(source, target, meter, limit).await {
        Ok(()) => finish(source, target, forward.bytes()).await,
        Err(error) if error.side == CopySide::Source => {
            give_up_target(target, forward.cut_off(), &error.error).await;
            Err(error)
        }
        Err(error) => {
            give_up_source(source, forward.cut_off()).await;
            give_up_failed_target(target, forward.cut_off()).await;
            Err(error)
        }
    }
}

async fn begin(connection: &mut RawConnection, sql: &str, answer: u8) -> Result<(), PgError> {
    connection.send_query(sql).await?;
    let frame = connection.conversation_frame().await?;
    match frame.tag {
        tag if tag == answer => Ok(()),
        b'E' => Err(connection.failed(frame).await),
        tag => Err(connection.unexpected(tag, "COPY")),
    }
}

/// All data is through: both sides must say the same number of rows.
async fn finish(
    source: &mut RawConnection,
    target: &mut RawConnection,
    bytes: u64,
) -> Result<CopyTotals, CopyError> {
    let sent = completed(source).await;
    let sent = match sent {
        Ok(rows) => rows,
        Err(error) => {
            give_up_target(target, 0, &error).await;
            return Err(CopyError::source(error));
        }
    };
    let received = async {
        target.send(raw::COPY_DONE).await?;
        completed(target).await
    };
    let received = received.await.map_err(CopyError::target)?;
    if sent != received {
        let reason = format!(
            "the source sent {} and the target took {received}",
            counted(sent, "row")
        );
        return Err(CopyError::target(target.protocol(&reason)));
    }
    Ok(CopyTotals {
        rows: received,
        bytes,
    })
}

/// Reads the end of the answer: the rows of its command tag.
async fn completed(connection: &mut RawConnection) -> Result<u64, PgError> {
    let mut rows = 0;
    loop {
        let frame = connection.conversation_frame().await?;
        match frame.tag {
            b'C' => {
                let body = frame.into_body();
                rows = rows_of_tag(String::from_utf8_lossy(&body).trim_end_matches('\0'));
            }
            b'Z' => {
                connection.ready(&frame);
                return Ok(rows);
            }
            b'E' => return Err(connection.failed(frame).await),
            tag => return Err(connection.unexpected(tag, "the end of COPY")),
        }
    }
}

/// The source failed: tells the target so. Whatever goes wrong here is remembered by the connection.
async fn give_up_target(target: &mut RawConnection, cut_off: usize, reason: &PgError) {
    if fill_up(target, cut_off).await.is_err() {
        return;
    }
    let mut bytes = BytesMut::new();
    let text = reason.to_string().replace('\0', " ");
    if frontend::copy_fail(&text, &mut bytes).is_ok() && target.send(&bytes).await.is_ok() {
        // Its error says only that we ended it.
        let _ = target.drain().await;
    }
}

/// The target failed by itself and has said so: it still waits for the rest of a message that is half written.
async fn give_up_failed_target(target: &mut RawConnection, cut_off: usize) {
    if !target.is_lost() && fill_up(target, cut_off).await.is_ok() {
        // What follows its error is ReadyForQuery or the end of the connection, which it remembers.
        let _ = target.drain().await;
    }
}

async fn fill_up(target: &mut RawConnection, cut_off: usize) -> Result<(), PgError> {
    if cut_off > MOST_FILLED_UP {
        return Err(target.lost("a row was cut off in the middle"));
    }
    target.send(&vec![0; cut_off]).await
}

/// The target failed: reads the rest of the source's answer if it is short, else breaks it off.
async fn give_up_source(source: &mut RawConnection, cut_off: usize) {
    if source.skip(cut_off, MOST_THROWN_AWAY).await.is_ok() {
        // An error of the server in that rest changes nothing; a lost connection is remembered.
        let _ = source.drain_at_most(MOST_THROWN_AWAY).await;
    }
}
