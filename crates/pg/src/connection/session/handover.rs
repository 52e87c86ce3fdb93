//! Hands a connection that is logged in already to the driver, which insists on logging in itself.
//!
//! Swallows the driver's start-up packet and answers it with "you are in, this is your key, go on".
//! Thereby one place owns sockets, TLS, login and pinned settings for both kinds of connection.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::{connect::transport::Transport, raw::RawConnection};

pub(super) struct Handover {
    transport: Transport,
    /// Read before anything from the server.
    answer: BytesMut,
    packet: StartupPacket,
}

/// How much of the driver's start-up packet has gone by.
enum StartupPacket {
    Length(Vec<u8>),
    Rest(usize),
}

impl Handover {
    pub(super) fn new(connection: RawConnection) -> Self {
        let mut answer = BytesMut::new();
        let (pid, key) = connection.cancel_key();
        // AuthenticationOk, BackendKeyData, ReadyForQuery (idle); then what is unread.
        answer.put_slice(b"R\0\0\0\x08\0\0\0\0");
        answer.put_slice(b"K\0\0\0\x0c");
        answer.put_i32(pid);
        answer.put_i32(key);
        answer.put_slice(b"Z\0\0\0\x05I");
        answer.put_slice(&connection.received);
        Self {
            transport: connection.transport,
            answer,
            packet: StartupPacket::Length(Vec::new()),
        }
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
        Pin::new(&mut self.transport).poll_read(context, buffer)
    }
}

impl AsyncWrite for Handover {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.swallow(bytes) {
            0 => Pin::new(&mut self.transport).poll_write(context, bytes),
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
