//! An open stream to a server before any login: for whoever logs in, and for a request to cancel, which never does.
//!
//! Owns the time-out of an attempt and the operating system's words.

use std::io;

use tokio::time::timeout;

use super::{refusal, socket, transport::Transport};
use crate::connection::{
    conninfo::{ConnectionSettings, Host},
    error::PgError,
    tls,
};

/// An open stream to the first address that takes it, before any login.
pub(in crate::connection) async fn open_transport(
    settings: &ConnectionSettings,
    encrypted: bool,
) -> Result<Transport, PgError> {
    let mut failures = Vec::new();
    for host in &settings.hosts {
        let opened = within(settings, host, async {
            let lost = |error: io::Error| PgError::Lost {
                endpoint: host.to_string(),
                reason: describe(&error),
            };
            let places = socket::resolve(host).await.map_err(lost)?;
            let mut failure = PgError::Lost {
                endpoint: host.to_string(),
                reason: "no address".to_owned(),
            };
            for place in places {
                match socket::open(&place, &settings.socket).await {
                    Ok(plain) if encrypted => return tls::negotiate(plain, settings, host, true).await,
                    Ok(plain) => return Ok(plain),
                    Err(error) => failure = lost(error),
                }
            }
            Err(failure)
        });
        match opened.await {
            Ok(transport) => return Ok(transport),
            Err(error) => failures.push((host.to_string(), error)),
        }
    }
    Err(refusal::combine(settings, failures))
}

pub(super) async fn within<T>(
    settings: &ConnectionSettings,
    host: &Host,
    work: impl Future<Output = Result<T, PgError>>,
) -> Result<T, PgError> {
    let Some(limit) = settings.connect_timeout else {
        return work.await;
    };
    timeout(limit, work).await.unwrap_or_else(|_| {
        let reason = format!("no answer within {} s", limit.as_secs());
        Err(PgError::Lost {
            endpoint: host.to_string(),
            reason,
        })
    })
}

/// The operating system's reason without its error number.
pub(super) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" (os error").next().unwrap_or(&text);
    reason
        .strip_prefix("failed to lookup address information: ")
        .unwrap_or(reason)
        .to_lowercase()
}
