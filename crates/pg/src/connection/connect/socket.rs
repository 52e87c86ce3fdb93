//! Opens the socket to one address of a host; names are resolved anew every time.

use std::{io, net::SocketAddr, path::PathBuf};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};

use super::transport::Transport;
use crate::connection::conninfo::{Address, Host, SocketSettings};

/// A place that a host's name stands for.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Socket(PathBuf),
    Internet(SocketAddr),
}

pub(super) async fn resolve(host: &Host) -> io::Result<Vec<Place>> {
    if let Some(path) = host.socket_path() {
        return Ok(vec![Place::Socket(path)]);
    }
    Ok(match &host.address {
        Address::Fixed(address, _) => vec![Place::Internet(SocketAddr::new(*address, host.port))],
        _ => tokio::net::lookup_host((host.name(), host.port))
            .await?
            .map(Place::Internet)
            .collect(),
    })
}

pub(super) async fn open(place: &Place, settings: &SocketSettings) -> io::Result<Transport> {
    match place {
        Place::Socket(path) => Ok(Transport::Unix(UnixStream::connect(path).await?)),
        Place::Internet(address) => {
            let stream = TcpStream::connect(address).await?;
            configure(&stream, settings)?;
            Ok(Transport::Tcp(stream))
        }
    }
}

fn configure(stream: &TcpStream, settings: &SocketSettings) -> io::Result<()> {
    // Commands are small and wait for their answer.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    if settings.keepalive {
        let keepalive = TcpKeepalive::new()
            .with_time(settings.keepalive_idle)
            .with_interval(settings.keepalive_interval)
            .with_retries(settings.keepalive_count);
        socket.set_tcp_keepalive(&keepalive)?;
    }
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(settings.user_timeout)?;
    Ok(())
}
