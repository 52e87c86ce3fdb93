//! Why no host would have us, in words that tell the operator what to look at.

use transhume_core::assess::platform::{Platform, remedy};
use transhume_core::sqlstate;

use crate::connection::{conninfo::ConnectionSettings, error::PgError};

/// Joins what each host answered into one error; the last server's own refusal is kept for its SQLSTATE.
pub(super) fn combine(settings: &ConnectionSettings, mut failures: Vec<(String, PgError)>) -> PgError {
    let hint = failures.iter().rev().find_map(|(_, error)| hint(settings, error));
    let reasons: Vec<String> = if settings.hosts.len() == 1 && failures.len() == 1 {
        failures.iter().map(|(_, error)| reason(error)).collect()
    } else {
        failures
            .iter()
            .map(|(host, error)| format!("{host}: {}", reason(error)))
            .collect()
    };
    let server = failures.iter_mut().rev().find_map(|(_, error)| match error {
        PgError::Server(server) => Some(server.clone()),
        PgError::Connect { server, .. } => server.take(),
        PgError::Login(error) => error.server.take(),
        _ => None,
    });
    PgError::Connect {
        endpoint: settings.to_string(),
        reason: reasons.join("; "),
        server,
        hint,
    }
}

fn reason(error: &PgError) -> String {
    match error {
        PgError::Lost { reason, .. } | PgError::Protocol { reason, .. } | PgError::Connect { reason, .. } => {
            reason.clone()
        }
        PgError::Login(error) => error.reason.clone(),
        other => other.to_string(),
    }
}

fn hint(settings: &ConnectionSettings, error: &PgError) -> Option<String> {
    let text = match (error, error.sqlstate()) {
        (PgError::Login(error), _) if error.hint.is_some() => return error.hint.clone(),
        (PgError::Connect { hint: Some(hint), .. }, _) => hint.as_str(),
        (_, Some(sqlstate::INVALID_PASSWORD)) => {
            "check the user and the password, what password_command prints, or the line for this host in the password file"
        }
        (_, Some(sqlstate::INVALID_AUTHORIZATION_SPECIFICATION)) => {
            let platforms = settings.servers().map(|(host, _)| Platform::of_host(&host));
            let service = platforms.into_iter().find(|platform| platform.is_service());
            return Some(match service {
                Some(platform) => format!(
                    "the server does not let this user in from here: {}; check the user's name and sslmode too",
                    remedy::access_to(platform)
                ),
                None => "the server's pg_hba.conf (or the managed server's firewall and TLS rules) does not let this user in \
                         from here: check its entries, the user's name and sslmode"
                    .to_owned(),
            });
        }
        (_, Some(sqlstate::INVALID_CATALOG_NAME)) => {
            "create the database first, or correct its name in the connection string"
        }
        (_, Some(sqlstate::TOO_MANY_CONNECTIONS)) => "raise max_connections, or run with fewer workers",
        (_, Some(sqlstate::CANNOT_CONNECT_NOW)) => {
            "the server is starting or shutting down; it is worth trying again in a moment"
        }
        (PgError::Lost { .. }, None) => {
            "check host and port, that the server runs and listens there, and firewalls in between"
        }
        _ => return error.server()?.hint.clone(),
    };
    Some(text.to_owned())
}
