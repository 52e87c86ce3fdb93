//! Messages in and out of the thin connection, and what it does with those a server may send any time.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};

use bytes::{Buf, BytesMut};
use postgres_protocol::message::{backend::Message, frontend};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{RawConnection, frame, frame::Frame};
use crate::connection::error::{PgError, ServerError};

/// Bytes asked of the socket at once: large reads are what makes COPY and the stream cheap.
const READ_BYTES: usize = 256 * 1024;

/// Less room than this is not worth a read: two TLS records.
pub(crate) const SMALLEST_READ_BYTES: usize = 32 * 1024;
/// The message that ends a COPY in order.
pub(crate) const COPY_DONE: &[u8] = b"c\0\0\0\x04";

impl RawConnection {
    pub(crate) async fn send_query(&mut self, sql: &str) -> Result<(), PgError> {
        self.begin_command()?;
        let mut bytes = BytesMut::new();
        frontend::query(sql, &mut bytes).map_err(|error| self.protocol(&error.to_string()))?;
        self.send(&bytes).await
    }

    /// A command whose answer was not read to its end (its future was dropped) makes the connection useless.
    pub(crate) fn begin_command(&mut self) -> Result<(), PgError> {
        self.usable()?;
        if std::mem::replace(&mut self.in_command, true) {
            return Err(self.lost("it was abandoned in the middle of a command"));
        }
        Ok(())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), PgError> {
        self.usable()?;
        let sent = async {
            self.transport.write_all(bytes).await?;
            self.transport.flush().await
        };
        let peer = self.peer.clone();
        let result = peer.attend(sent).await;
        match result {
            Ok(sent) => sent.map_err(|error| self.lost(&error.to_string())),
            Err(reason) => Err(self.lost(&reason)),
        }
    }

    /// Sends what is queued in `bytes` and takes it off as it goes; cancel-safe.
    pub(crate) async fn send_from(&mut self, bytes: &mut BytesMut) -> Result<(), PgError> {
        self.usable()?;
        let sent = async {
            while !bytes.is_empty() {
                self.flush_due = true;
                self.transport.write_buf(bytes).await?;
            }
            if self.flush_due {
                self.transport.flush().await?;
                self.flush_due = false;
            }
            Ok::<(), std::io::Error>(())
        };
        let result = sent.await;
        result.map_err(|error| self.lost(&error.to_string()))
    }

    /// The next message of any kind; cancel-safe.
    pub(crate) async fn frame(&mut self) -> Result<Frame, PgError> {
        loop {
            if let Some(frame) = self.buffered_frame()? {
                return Ok(frame);
            }
            self.make_room();
            self.receive_attended().await?;
        }
    }

    /// As [`Self::receive`], but not from a server that is gone.
    async fn receive_attended(&mut self) -> Result<(), PgError> {
        let peer = self.peer.clone();
        match peer.attend(self.receive()).await {
            Ok(received) => received,
            Err(reason) => Err(self.lost(&reason)),
        }
    }

    /// For the message that has begun to come, where whole messages are read.
    pub(crate) fn make_room(&mut self) {
        frame::make_room(&mut self.received, self.largest_frame, SMALLEST_READ_BYTES);
    }

    /// A whole message that has been received already: never waits.
    pub(crate) fn buffered_frame(&mut self) -> Result<Option<Frame>, PgError> {
        self.usable()?;
        let taken = frame::take(&mut self.received, self.largest_frame);
        taken.map_err(|reason| self.protocol_broken(&reason))
    }

    /// Reads once from the socket, at least one byte; cancel-safe.
    pub(crate) async fn receive(&mut self) -> Result<(), PgError> {
        poll_fn(|context| self.poll_receive(context)).await
    }

    pub(crate) fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<(), PgError>> {
        self.usable()?;
        // Messages that a reader keeps share this memory: a new piece only when the old one is used up.
        if self.received.capacity() - self.received.len() < SMALLEST_READ_BYTES {
            self.received.reserve(READ_BYTES);
        }
        let read = pin!(self.transport.read_buf(&mut self.received)).poll(context);
        read.map(|read| match read {
            Ok(0) => Err(self.lost("the server closed the connection")),
            Ok(_) => Ok(()),
            Err(error) => Err(self.lost(&error.to_string())),
        })
    }

    /// The next message that belongs to a conversation: notices and settings are taken aside.
    pub(crate) async fn conversation_frame(&mut self) -> Result<Frame, PgError> {
        loop {
            let frame = self.frame().await?;
            if let Some(frame) = self.set_aside(frame)? {
                return Ok(frame);
            }
        }
    }

    /// Takes messages that a server may send at any time; gives every other back.
    pub(crate) fn set_aside(&mut self, frame: Frame) -> Result<Option<Frame>, PgError> {
        if !matches!(frame.tag, b'N' | b'S' | b'A') {
            return Ok(Some(frame));
        }
        match frame.parse().map_err(|reason| self.protocol_broken(&reason))? {
            Message::NoticeResponse(body) => {
                let notice = ServerError::from_fields(body.fields());
                tracing::debug!(endpoint = %self.endpoint, sqlstate = %notice.sqlstate, "{}", notice.message);
            }
            Message::ParameterStatus(body) => {
                if let (Ok(name), Ok(value)) = (body.name(), body.value()) {
                    self.parameters.insert(name.to_owned(), value.to_owned());
                }
            }
            _ => {}
        }
        Ok(None)
    }

    /// The error that `frame` holds, after the rest of the answer has been read.
    pub(crate) async fn failed(&mut self, frame: Frame) -> PgError {
        let error = match self.server_error(frame) {
            Ok(error) => error,
            Err(error) => return error,
        };
        // A fatal error is followed by the end of the connection, which the next use will report.
        let _ = self.drain().await;
        error.into()
    }

    pub(crate) fn unexpected(&mut self, tag: u8, during: &str) -> PgError {
        let tag = char::from(tag).escape_debug();
        self.protocol_broken(&format!("a message '{tag}' does not belong into {during}"))
    }

    pub(crate) fn server_error(&mut self, frame: Frame) -> Result<ServerError, PgError> {
        match frame.parse().map_err(|reason| self.protocol_broken(&reason))? {
            Message::ErrorResponse(body) => Ok(ServerError::from_fields(body.fields())),
            _ => Err(self.protocol_broken("an error of the server cannot be read")),
        }
    }

    pub(crate) fn ready(&mut self, frame: &Frame) {
        self.in_command = false;
        self.transaction_status = frame.bytes.last().copied().unwrap_or(b'I');
    }

    /// Reads the rest of an answer up to ReadyForQuery; the server's own error if it has one.
    pub(crate) async fn drain(&mut self) -> Result<(), PgError> {
        self.drain_at_most(usize::MAX).await
    }

    /// As `drain`, but breaks the connection off where the rest is longer.
    pub(crate) async fn drain_at_most(&mut self, most_bytes: usize) -> Result<(), PgError> {
        let (mut failure, mut seen) = (None, 0_usize);
        loop {
            let frame = self.conversation_frame().await?;
            seen = seen.saturating_add(frame.bytes.len());
            match frame.tag {
                b'E' => failure = Some(self.server_error(frame)?),
                b'Z' => {
                    self.ready(&frame);
                    return failure.map_or(Ok(()), |error| Err(error.into()));
                }
                _ if seen > most_bytes => return Err(self.lost("broken off in the middle of an answer")),
                _ => {}
            }
        }
    }

    /// Throws away the rest of a message; breaks the connection off where that is more than `most_bytes`.
    pub(crate) async fn skip(&mut self, mut count: usize, most_bytes: usize) -> Result<(), PgError> {
        if count > most_bytes {
            return Err(self.lost("broken off in the middle of an answer"));
        }
        loop {
            let present = count.min(self.received.len());
            self.received.advance(present);
            count -= present;
            if count == 0 {
                return Ok(());
            }
            self.receive_attended().await?;
        }
    }

    pub(crate) fn largest_frame(&self) -> usize {
        self.largest_frame
    }
}
