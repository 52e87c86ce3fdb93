//! Hands a connection that is logged in already to the driver, which insists on logging in itself.
//!
//! Swallows the driver's start-up packet and answers it with "you are in, this is your key, go on".
//! Thereby one place owns sockets, TLS, login and pinned settings for both kinds of connection.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::{
    connect::transport::Transport,
    raw::RawConnection,
    silence::{Owed, Tags},
};

/// Messages that the server answers by a ReadyForQuery in the end: Query and Sync.
const ANSWERED: [u8; 2] = [b'Q', b'S'];
const READY: u8 = b'Z';

pub(super) struct Handover {
    transport: Transport,
    /// Read before anything from the server.
    answer: BytesMut,
    packet: StartupPacket,
    owed: Arc<Owed>,
    asked: Tags,
    answered: Tags,
}

/// How much of the driver's start-up packet has gone by.
enum StartupPacket {
    Length(Vec<u8>),
    Rest(usize),
}

impl Handover {
    pub(super) fn new(connection: RawConnection, owed: Arc<Owed>) -> Self {
        let mut answer = BytesMut::new();
        let (pid, key) = connection.cancel_key();
        // AuthenticationOk, BackendKeyData, ReadyForQuery (idle); then what is unread.
        answer.put_slice(b"R\0\0\0\x08\0\0\0\0");
        answer.put_slice(b"K\0\0\0\x0c");
        answer.put_i32(pid);
        answer.put_i32(key);
        answer.put_slice(b"Z\0\0\0\x05I");
        answer.put_slice(&connection.received);
        let mut answered = Tags::default();
        answered.pass(&connection.received, |_| {});
        Self {
            transport: connection.transport,
            answer,
            packet: StartupPacket::Length(Vec::new()),
            owed,
            asked: Tags::default(),
            answered,
        }
    }

    /// Counts what is owed for what the driver has sent.
    fn sent(&mut self, bytes: &[u8]) {
        let owed = &self.owed;
        self.asked.pass(bytes, |tag| {
            if ANSWERED.contains(&tag) {
                owed.asked();
            }
        });
    }

    fn received(&mut self, bytes: &[u8]) {
        let owed = &self.owed;
        owed.received();
        self.answered.pass(bytes, |tag| {
            if tag == READY {
                owed.answered();
            }
        });
    }

    /// How many of `bytes` belong to the start-up packet.
    fn swallow(&mut self, bytes: &[u8]) -> usize {
        const LENGTH_BYTES: usize = 4;
        let mut taken = 0;
        if let StartupPacket::Length(length) = &mut self.packet {
            taken = bytes.len().min(LENGTH_BYTES - length.len());
            length.extend_from_slice(&bytes[..taken]);
            if let Some(length) = length.first_chunk::<LENGTH_BYTES>() {
                let length = u32::from_be_bytes(*length) as usize;
                self.packet = StartupPacket::Rest(length.saturating_sub(LENGTH_BYTES));
            }
        }
        if let StartupPacket::Rest(rest) = &mut self.packet {
            let more = (bytes.len() - taken).min(*rest);
            *rest -= more;
            taken += more;
        }
        taken
    }
}

impl AsyncRead for Handover {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.answer.has_remaining() {
            let count = self.answer.len().min(buffer.remaining());
            buffer.put_slice(&self.answer[..count]);
            self.answer.advance(count);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.transport).poll_read(context, buffer);
        match &polled {
            Poll::Ready(_) => self.received(&buffer.filled()[before..]),
            Poll::Pending => self.owed.silent(),
        }
        polled
    }
}

impl AsyncWrite for Handover {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.swallow(bytes) {
            0 => {
                let polled = Pin::new(&mut self.transport).poll_write(context, bytes);
                if let Poll::Ready(Ok(count)) = polled {
                    self.sent(&bytes[..count]);
                }
                polled
            }
            swallowed => Poll::Ready(Ok(swallowed)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}
