//! Large bytes on their way into a COPY.
//!
//! The driver copies whatever is sent at once: in pieces, no more than one of them is held twice.

use bytes::Bytes;
use futures_util::{Sink, SinkExt as _};

/// Small beside what following may take, and large enough that a piece costs nothing.
const PIECE_BYTES: usize = 256 << 10;

pub(crate) async fn send_in_pieces<S>(mut sink: S, mut bytes: Bytes) -> Result<(), tokio_postgres::Error>
where
    S: Sink<Bytes, Error = tokio_postgres::Error> + Unpin,
{
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(PIECE_BYTES));
        sink.send(piece).await?;
    }
    Ok(())
}
