//! One open byte stream to a server: TCP, Unix socket or TLS.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::client::TlsStream;

#[derive(Debug)]
pub(crate) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Nobody can listen in: a Unix socket or the loopback interface.
    pub(crate) fn is_local(&self) -> bool {
        let loopback =
            |stream: &TcpStream| stream.peer_addr().is_ok_and(|address| address.ip().is_loopback());
        match self {
            Self::Unix(_) => true,
            Self::Tcp(stream) => loopback(stream),
            Self::Tls(stream) => loopback(stream.get_ref().0),
        }
    }

    /// Has a server on this machine keep what is sent and not read yet, but for so many bytes; whether that can be done.
    pub(crate) fn bound_unread(&self, bytes: usize) -> io::Result<bool> {
        match self {
            Self::Tcp(stream) if self.is_local() => {
                SockRef::from(stream).set_recv_buffer_size(bytes)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The server's certificate, which channel binding ties the password exchange to.
    pub(crate) fn server_certificate(&self) -> Option<&[u8]> {
        match self {
            Self::Tls(stream) => stream.get_ref().1.peer_certificates()?.first().map(AsRef::as_ref),
            _ => None,
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_server_on_this_machine_keeps_what_is_unread() {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let transport = Transport::Tcp(stream);
        assert!(transport.bound_unread(40_000).unwrap());
        let Transport::Tcp(stream) = &transport else {
            unreachable!("it was made as one");
        };
        let bound = SockRef::from(stream).recv_buffer_size().unwrap();
        assert!((40_000..=80_000).contains(&bound), "{bound}");

        let (one, _other) = UnixStream::pair().unwrap();
        assert!(!Transport::Unix(one).bound_unread(40_000).unwrap());
    }
}
