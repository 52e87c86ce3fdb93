//! Opens connections: hosts in order, every address of each, with or without TLS as asked for.
//!
//! Owns the order of attempts and the words for their failure. A connection that leaves here is
//! logged in, its settings are pinned and verified, and its server fits target_session_attrs.

mod refusal;
mod socket;
pub(super) mod stream;
pub(super) mod transport;

use self::stream::{describe, within};
use crate::connection::{
    conninfo::{ConnectionSettings, Host, TargetSession, TlsMode},
    error::{PgError, STANDBY},
    pinned,
    raw::{Mode, RawConnection},
    reached,
    silence::Peer,
    tls,
};
use transhume_core::sqlstate;

/// How one attempt treats TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    Plain,
    /// Goes on without when the server has none.
    IfOffered,
    Required,
}

impl RawConnection {
    /// Opens, logs in, pins the session's settings (a console has none).
    pub async fn connect(
        settings: &ConnectionSettings,
        application_name: &str,
        mode: Mode,
    ) -> Result<Self, PgError> {
        loop {
            settings.logins.begin(settings).await?;
            let error = match open_any(settings, application_name, mode).await {
                Ok(connection) => {
                    settings.logins.succeeded();
                    return Ok(connection);
                }
                Err(error) => error,
            };
            // Ends: a password that was fetched anew and is refused too bars further logins.
            if let Some(error) = settings.logins.failed(settings, error) {
                return Err(error);
            }
        }
    }
}

/// Hosts in their order, until one lets us in and fits.
async fn open_any(
    settings: &ConnectionSettings,
    application_name: &str,
    mode: Mode,
) -> Result<RawConnection, PgError> {
    let (first, second) = match settings.target_session {
        TargetSession::PreferStandby => (TargetSession::Standby, Some(TargetSession::Any)),
        only => (only, None),
    };
    let mut failures = Vec::new();
    for wanted in [Some(first), second].into_iter().flatten() {
        for host in &settings.hosts {
            match open_host(settings, host, application_name, mode, wanted).await {
                Ok(connection) => return Ok(connection),
                Err(error) => failures.push((host.to_string(), error)),
            }
        }
    }
    Err(refusal::combine(settings, failures))
}

/// Tries every address of one host; the last failure speaks for it.
async fn open_host(
    settings: &ConnectionSettings,
    host: &Host,
    application_name: &str,
    mode: Mode,
    wanted: TargetSession,
) -> Result<RawConnection, PgError> {
    let lost = |reason: String| PgError::Lost {
        endpoint: host.to_string(),
        reason,
    };
    let places = within(settings, host, async {
        socket::resolve(host)
            .await
            .map_err(|error| lost(describe(&error)))
    });
    let mut failure = lost("the name stands for no address".to_owned());
    for place in places.await? {
        for encryption in encryptions(settings.tls.mode, host) {
            let attempt = attempt(settings, host, &place, application_name, mode, *encryption);
            match within(settings, host, attempt).await {
                Ok(connection) => return fits(connection, wanted),
                Err(error) if may_try_otherwise(*encryption, &error) => failure = error,
                // A refusal of the server holds for its other addresses too.
                Err(error @ PgError::Server(_)) => return Err(error),
                Err(error) => {
                    failure = error;
                    break;
                }
            }
        }
    }
    Err(failure)
}

fn encryptions(mode: TlsMode, host: &Host) -> &'static [Encryption] {
    match mode {
        // As libpq: TLS has no meaning on a Unix socket.
        _ if host.is_socket() => &[Encryption::Plain],
        TlsMode::Disable => &[Encryption::Plain],
        TlsMode::Allow => &[Encryption::Plain, Encryption::Required],
        TlsMode::Prefer => &[Encryption::IfOffered, Encryption::Plain],
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => &[Encryption::Required],
    }
}

/// Whether `allow` and `prefer` go on to their second way: the server's access rules may want the
/// other one, and `prefer` forgives a handshake that failed.
fn may_try_otherwise(encryption: Encryption, error: &PgError) -> bool {
    let refused = error.sqlstate() == Some(sqlstate::INVALID_AUTHORIZATION_SPECIFICATION);
    match encryption {
        Encryption::Plain => refused,
        Encryption::IfOffered => {
            refused
                || matches!(
                    error,
                    PgError::Protocol { .. } | PgError::Connect { server: None, .. }
                )
        }
        Encryption::Required => false,
    }
}

async fn attempt(
    settings: &ConnectionSettings,
    host: &Host,
    place: &socket::Place,
    application_name: &str,
    mode: Mode,
    encryption: Encryption,
) -> Result<RawConnection, PgError> {
    let endpoint = host.to_string();
    let opened = socket::open(place, &settings.socket).await;
    let plain = opened.map_err(|error| PgError::Lost {
        endpoint: endpoint.clone(),
        reason: describe(&error),
    })?;
    let transport = match encryption {
        Encryption::Plain => plain,
        Encryption::IfOffered => tls::negotiate(plain, settings, host, false).await?,
        Encryption::Required => tls::negotiate(plain, settings, host, true).await?,
    };
    let mut connection = RawConnection::start(transport, settings, host, application_name, mode).await?;
    if mode != Mode::Console {
        pinned::pin(&mut connection, mode, settings).await?;
        reached::verify(&settings.pin, &mut connection, mode).await?;
        connection.peer = Peer::of(settings, &connection, application_name);
    }
    Ok(connection)
}

fn fits(connection: RawConnection, wanted: TargetSession) -> Result<RawConnection, PgError> {
    let (standby, read_only) = (connection.is_standby(), connection.is_read_only());
    let (fits, reason) = match wanted {
        TargetSession::Any | TargetSession::PreferStandby => (true, ""),
        TargetSession::ReadWrite => (!standby && !read_only, "its sessions are read-only"),
        TargetSession::ReadOnly => (standby || read_only, "its sessions are not read-only"),
        TargetSession::Primary => (!standby, STANDBY),
        TargetSession::Standby => (standby, "it is not a standby"),
    };
    if fits {
        return Ok(connection);
    }
    Err(PgError::Connect {
        endpoint: connection.endpoint().to_owned(),
        reason: reason.to_owned(),
        server: None,
        hint: Some("target_session_attrs asks for another kind of server".to_owned()),
    })
}
