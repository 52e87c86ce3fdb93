//! The loop of a COPY: gather from the source, find where whole data messages end, write to the target.
//!
//! Looks at headers only. While it writes or waits it listens to the target, so that an error there
//! ends the COPY at once instead of after the last row.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};

use bytes::Buf;
use tokio::io::AsyncWriteExt;

use super::{CopyError, CopyMeter, RateLimit};
use crate::connection::{
    error::PgError,
    raw::{RawConnection, frame_header},
};

/// A read is repeated while data is there until this much is gathered.
const GATHER_BYTES: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(super) struct Forward {
    /// Bytes of the last data message that have not come from the source yet.
    remaining: usize,
    bytes: u64,
}

/// The front part of a buffer that consists of data messages, the last one perhaps in part.
#[derive(Debug, PartialEq, Eq)]
struct Front {
    length: usize,
    row_bytes: usize,
    /// Something else than a data message follows.
    ends: bool,
}

impl Forward {
    /// Bytes of rows passed on.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the target still expects of a message that was passed on in part.
    pub(super) fn cut_off(&self) -> usize {
        self.remaining
    }

    /// Until the source says that all data is sent.
    pub(super) async fn run(
        &mut self,
        source: &mut RawConnection,
        target: &mut RawConnection,
        meter: &CopyMeter,
        limit: Option<&RateLimit>,
    ) -> Result<(), CopyError> {
        loop {
            let front = self.front(source).map_err(CopyError::source)?;
            if front.length > 0 {
                let written = write(source, front.length, target).await;
                self.bytes += front.row_bytes as u64;
                meter.add(front.row_bytes as u64);
                written.map_err(CopyError::target)?;
                if let Some(limit) = limit {
                    limit.take(front.row_bytes).await;
                }
            }
            if front.ends && self.is_over(source).await.map_err(CopyError::source)? {
                return Ok(());
            }
            if !front.ends {
                gather(source, target).await?;
            }
        }
    }

    fn front(&mut self, source: &mut RawConnection) -> Result<Front, PgError> {
        let largest = source.largest_frame();
        let front = scan(&source.received, &mut self.remaining, largest);
        front.map_err(|reason| source.protocol_broken(&reason))
    }

    /// Reads one message that is no data; whether it is the end of the data.
    async fn is_over(&mut self, source: &mut RawConnection) -> Result<bool, PgError> {
        let frame = source.frame().await?;
        let Some(frame) = source.set_aside(frame)? else {
            return Ok(false);
        };
        match frame.tag {
            b'c' => Ok(true),
            b'E' => Err(source.failed(frame).await),
            tag => Err(source.unexpected(tag, "COPY")),
        }
    }
}

/// Finds the data messages at the front; `remaining` carries a message over from one buffer to the next.
fn scan(buffer: &[u8], remaining: &mut usize, largest: usize) -> Result<Front, String> {
    const HEADER: usize = 5;
    let mut length = (*remaining).min(buffer.len());
    *remaining -= length;
    let mut row_bytes = length;
    while *remaining == 0 {
        match frame_header(&buffer[length..], largest)? {
            Some((b'd', size)) => {
                let present = size.min(buffer.len() - length);
                *remaining = size - present;
                row_bytes += present - HEADER;
                length += present;
            }
            Some(_) => {
                return Ok(Front {
                    length,
                    row_bytes,
                    ends: true,
                });
            }
            None => break,
        }
    }
    Ok(Front {
        length,
        row_bytes,
        ends: false,
    })
}

/// Reads from the source until it has nothing more at hand or enough is gathered.
async fn gather(source: &mut RawConnection, target: &mut RawConnection) -> Result<(), CopyError> {
    let peer = source.peer.clone();
    let gathered = poll_fn(|context| {
        listen(target, context)?;
        let before = source.received.len();
        loop {
            match source.poll_receive(context) {
                Poll::Ready(Ok(())) if source.received.len() < GATHER_BYTES => {}
                Poll::Ready(read) => return Poll::Ready(read.map_err(CopyError::source)),
                Poll::Pending if source.received.len() > before => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    match peer.attend(gathered).await {
        Ok(gathered) => gathered,
        Err(reason) => Err(CopyError::source(source.lost(&reason))),
    }
}

/// Passes the first `length` bytes that the source has sent on to the target; they are gone from the
/// source's buffer afterwards in any case.
async fn write(source: &mut RawConnection, length: usize, target: &mut RawConnection) -> Result<(), PgError> {
    let mut left = length;
    let mut failure = None;
    let peer = target.peer.clone();
    while left > 0 {
        let writing = poll_fn(|context| {
            // A target that has failed reads on and throws away: the message under way is finished all the same.
            if failure.is_none()
                && let Err(error) = listen(target, context)
            {
                failure = Some(error.error);
            }
            if target.is_lost() {
                return Poll::Ready(Ok(0));
            }
            pin!(target.transport.write(&source.received[..left])).poll(context)
        });
        let count = match peer.attend(writing).await {
            Ok(count) => count,
            Err(reason) => {
                source.received.advance(left);
                return Err(target.lost(&reason));
            }
        };
        match count {
            Ok(0) => {
                source.received.advance(left);
                return Err(failure.unwrap_or_else(|| target.lost("it takes no more bytes")));
            }
            Ok(count) => {
                source.received.advance(count);
                left -= count;
            }
            Err(error) => {
                source.received.advance(left);
                return Err(target.lost(&error.to_string()));
            }
        }
    }
    match failure {
        Some(error) => Err(error),
        None => poll_fn(|context| pin!(target.transport.flush()).poll(context))
            .await
            .map_err(|error| target.lost(&error.to_string())),
    }
}

/// Reads what the target says while it takes data: nothing, notices, or why it stops.
fn listen(target: &mut RawConnection, context: &mut Context<'_>) -> Result<(), CopyError> {
    while let Poll::Ready(read) = target.poll_receive(context) {
        read.map_err(CopyError::target)?;
    }
    while let Some(frame) = target.buffered_frame().map_err(CopyError::target)? {
        let Some(frame) = target.set_aside(frame).map_err(CopyError::target)? else {
            continue;
        };
        return Err(CopyError::target(match frame.tag {
            b'E' => target
                .server_error(frame)
                .map_or_else(|error| error, PgError::from),
            tag => target.unexpected(tag, "COPY"),
        }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST: usize = 1000;

    #[test]
    fn data_messages_are_found_without_opening_them() {
        let mut remaining = 0;
        let front = scan(b"d\0\0\0\x06abd\0\0\0\x05xc\0\0\0\x04", &mut remaining, LARGEST).unwrap();
        assert_eq!(
            front,
            Front {
                length: 13,
                row_bytes: 3,
                ends: true
            }
        );
        assert_eq!(remaining, 0);
    }

    #[test]
    fn a_message_in_pieces_is_carried_over() {
        let mut remaining = 0;
        let front = scan(b"d\0\0\0\x08ab", &mut remaining, LARGEST).unwrap();
        assert_eq!(
            (front, remaining),
            (
                Front {
                    length: 7,
                    row_bytes: 2,
                    ends: false
                },
                2
            )
        );
        let front = scan(b"c", &mut remaining, LARGEST).unwrap();
        assert_eq!(
            (front, remaining),
            (
                Front {
                    length: 1,
                    row_bytes: 1,
                    ends: false
                },
                1
            )
        );
        let front = scan(b"dc\0\0", &mut remaining, LARGEST).unwrap();
        assert_eq!(
            (front, remaining),
            (
                Front {
                    length: 1,
                    row_bytes: 1,
                    ends: false
                },
                0
            )
        );
        assert!(scan(b"d\0\0\xff\xff", &mut remaining, LARGEST).is_err());
    }
}
