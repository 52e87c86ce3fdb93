//! TLS as libpq's sslmode defines it (manual, "SSL Support"), on rustls with ring.
//!
//! Owns the negotiation and what a certificate must prove. Refuses to go on in plain text where TLS is
//! required, and bytes that arrive between the server's yes and the handshake: someone in between
//! would have put them there.

mod certificate;
mod configuration;
mod verifier;

use std::{io, net::IpAddr};

use futures_util::FutureExt;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

pub(crate) use self::certificate::end_point_digest;
pub(crate) use self::configuration::checks_certificate;
pub use self::configuration::{provider, system_roots};
use crate::connection::{
    connect::transport::Transport,
    conninfo::{ConnectionSettings, Host, Negotiation},
    error::PgError,
};

/// SSLRequest: its length and the code that no protocol version has.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Turns an open socket into a TLS connection; gives it back plain where the server has no TLS and none is required.
pub(crate) async fn negotiate(
    plain: Transport,
    settings: &ConnectionSettings,
    host: &Host,
    required: bool,
) -> Result<Transport, PgError> {
    let Transport::Tcp(mut stream) = plain else {
        return Ok(plain);
    };
    if settings.tls.negotiation == Negotiation::Postgres {
        let lost = |error: io::Error| PgError::Lost {
            endpoint: host.to_string(),
            reason: error.to_string(),
        };
        stream.write_all(&SSL_REQUEST).await.map_err(lost)?;
        match stream.read_u8().await.map_err(lost)? {
            b'S' => {}
            b'N' if required => {
                let hint =
                    "turn TLS on at the server, or set sslmode=disable if the network in between is trusted";
                return Err(failed(
                    host,
                    "the server does not offer TLS, which sslmode requires",
                    hint,
                ));
            }
            b'N' => return Ok(Transport::Tcp(stream)),
            // Possibly an error message; nothing vouches for its text before the handshake.
            _ => {
                return Err(failed(
                    host,
                    "the server does not understand the request for TLS",
                    "check the port",
                ));
            }
        }
        if let Some(Ok(_)) = stream.peek(&mut [0]).now_or_never() {
            let hint = "someone between here and the server may be tampering with the connection";
            return Err(failed(
                host,
                "unencrypted bytes arrived before the TLS handshake",
                hint,
            ));
        }
    }
    handshake(stream, settings, host).await
}

async fn handshake(
    stream: TcpStream,
    settings: &ConnectionSettings,
    host: &Host,
) -> Result<Transport, PgError> {
    let peer = stream.peer_addr().ok().map(|address| address.ip());
    let configuration = configuration::build(&settings.tls);
    let configuration = configuration.map_err(|error| failed(host, &error.reason, error.hint))?;
    let name = server_name(host, peer).ok_or_else(|| {
        failed(
            host,
            "the host's name cannot be checked against a certificate",
            "correct the host's name",
        )
    })?;
    match TlsConnector::from(configuration).connect(name, stream).await {
        Ok(stream) => Ok(Transport::Tls(Box::new(stream))),
        Err(error) => {
            let tls_error = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>());
            let hint = tls_error.map_or(
                "check that the server speaks TLS 1.2 or 1.3 on this port",
                verifier::hint,
            );
            Err(failed(host, &format!("TLS handshake failed: {error}"), hint))
        }
    }
}

/// The name to ask for and to check; an address stands for itself.
fn server_name(host: &Host, peer: Option<IpAddr>) -> Option<ServerName<'static>> {
    let name = host.name();
    ServerName::try_from(name)
        .ok()
        .or_else(|| peer.map(ServerName::from))
}

fn failed(host: &Host, reason: &str, hint: &str) -> PgError {
    PgError::Connect {
        endpoint: host.to_string(),
        reason: reason.to_owned(),
        server: None,
        hint: Some(hint.to_owned()),
    }
}
