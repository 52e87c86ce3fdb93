//! Proves who we are: trust, SCRAM-SHA-256 with and without channel binding, MD5, clear text.
//!
//! Refuses to give a password in clear text to a wire that others can read or to a server that did not prove itself, and methods
//! that `require_auth` or `channel_binding` rule out. A server that skips the proof it owes us (SCRAM's
//! final message) is refused.

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::{
    authentication::{
        md5_hash,
        sasl::{self, ScramSha256},
    },
    message::{
        backend::{AuthenticationSaslBody, Message},
        frontend,
    },
};
use secrecy::{ExposeSecret, SecretString};

use super::RawConnection;
use crate::connection::{
    conninfo::{ChannelBinding, ConnectionSettings, Host, Method},
    error::PgError,
    tls,
};

pub(super) async fn authenticate(
    connection: &mut RawConnection,
    settings: &ConnectionSettings,
    host: &Host,
) -> Result<(), PgError> {
    let request = connection.startup_message().await?;
    if let Message::AuthenticationOk = request {
        return allow(connection, settings, Method::None);
    }
    // A password that is not good any more is met by one session, not by all that are opened just now.
    let turn = settings.logins.turn(settings).await?;
    let proven = prove(connection, settings, host, request).await;
    match &proven {
        Ok(()) => turn.accepted(),
        Err(error) => turn.refused(error),
    }
    proven
}

/// Answers what the server asks for, up to its word that it is satisfied.
async fn prove(
    connection: &mut RawConnection,
    settings: &ConnectionSettings,
    host: &Host,
    request: Message,
) -> Result<(), PgError> {
    let password = |connection: &RawConnection| needed(connection, settings.logins.password(settings, host));
    let mut reply = BytesMut::new();
    match request {
        Message::AuthenticationCleartextPassword => {
            allow(connection, settings, Method::Password)?;
            refuse_unproven(connection, settings)?;
            let password = password(connection)?;
            write(
                connection,
                frontend::password_message(password.expose_secret().as_bytes(), &mut reply),
            )?;
        }
        Message::AuthenticationMd5Password(body) => {
            allow(connection, settings, Method::Md5)?;
            let password = password(connection)?;
            let hash = md5_hash(
                settings.user.as_bytes(),
                password.expose_secret().as_bytes(),
                body.salt(),
            );
            write(
                connection,
                frontend::password_message(hash.as_bytes(), &mut reply),
            )?;
        }
        Message::AuthenticationSasl(body) => {
            allow(connection, settings, Method::ScramSha256)?;
            let password = password(connection)?;
            scram(
                connection,
                &body,
                &password,
                settings.authentication.channel_binding,
            )
            .await?;
        }
        _ => {
            return Err(refused(
                connection,
                "the server asks for a way to log in that is not supported",
            ));
        }
    }
    if !reply.is_empty() {
        connection.send(&reply).await?;
    }
    match connection.startup_message().await? {
        Message::AuthenticationOk => Ok(()),
        _ => Err(connection.protocol("the login does not end as the protocol says")),
    }
}

/// The password itself goes only where nobody stands in between, or to a server whose certificate was checked.
fn refuse_unproven(connection: &RawConnection, settings: &ConnectionSettings) -> Result<(), PgError> {
    if connection.transport.is_local() {
        return Ok(());
    }
    let reason = if !connection.transport.is_encrypted() {
        "the server asks for the password in clear text without TLS"
    } else if !tls::checks_certificate(&settings.tls) {
        "the server asks for the password itself, and nothing proves that it is the server that was named"
    } else {
        return Ok(());
    };
    Err(PgError::Connect {
        endpoint: connection.endpoint().to_owned(),
        reason: reason.to_owned(),
        server: None,
        hint: Some(
            "leave sslmode away, or set it to verify-full: then the server's certificate is checked"
                .to_owned(),
        ),
    })
}

fn allow(connection: &RawConnection, settings: &ConnectionSettings, method: Method) -> Result<(), PgError> {
    if !settings.authentication.allowed.contains(&method) {
        let reason = "the server asks for a way to log in that require_auth does not allow";
        return Err(refused(connection, reason));
    }
    let binding = settings.authentication.channel_binding;
    if binding == ChannelBinding::Require && method != Method::ScramSha256 {
        return Err(refused(
            connection,
            "the server does not offer channel binding, which is required",
        ));
    }
    Ok(())
}

async fn scram(
    connection: &mut RawConnection,
    offer: &AuthenticationSaslBody,
    password: &SecretString,
    wanted: ChannelBinding,
) -> Result<(), PgError> {
    let (mechanism, binding) = choose(connection, offer, wanted)?;
    let mut exchange = ScramSha256::new(password.expose_secret().as_bytes(), binding);
    let mut reply = BytesMut::new();
    write(
        connection,
        frontend::sasl_initial_response(mechanism, exchange.message(), &mut reply),
    )?;
    connection.send(&reply).await?;
    let Message::AuthenticationSaslContinue(body) = connection.startup_message().await? else {
        return Err(connection.protocol("the SCRAM exchange is out of order"));
    };
    exchange
        .update(body.data())
        .map_err(|error| connection.protocol(&format!("SCRAM: {error}")))?;
    reply.clear();
    write(
        connection,
        frontend::sasl_response(exchange.message(), &mut reply),
    )?;
    connection.send(&reply).await?;
    let Message::AuthenticationSaslFinal(body) = connection.startup_message().await? else {
        return Err(connection.protocol("the server does not prove that it knows the password"));
    };
    exchange
        .finish(body.data())
        .map_err(|error| connection.protocol(&format!("SCRAM: {error}")))
}

/// SCRAM-SHA-256-PLUS wherever both sides can: whoever stands in between cannot forward it.
fn choose(
    connection: &RawConnection,
    offer: &AuthenticationSaslBody,
    wanted: ChannelBinding,
) -> Result<(&'static str, sasl::ChannelBinding), PgError> {
    let offered: Vec<&str> = offer
        .mechanisms()
        .collect()
        .map_err(|error| connection.protocol(&error.to_string()))?;
    let certificate = connection
        .transport
        .server_certificate()
        .filter(|_| wanted != ChannelBinding::Disable);
    let digest = certificate.and_then(tls::end_point_digest);
    let plus = offered.contains(&sasl::SCRAM_SHA_256_PLUS);
    match digest {
        Some(digest) if plus => Ok((
            sasl::SCRAM_SHA_256_PLUS,
            sasl::ChannelBinding::tls_server_end_point(digest),
        )),
        _ if wanted == ChannelBinding::Require => Err(refused(
            connection,
            "channel binding is required, but it needs TLS and a server that offers it",
        )),
        _ if !offered.contains(&sasl::SCRAM_SHA_256) => Err(refused(
            connection,
            "the server offers no SCRAM mechanism that is known here",
        )),
        Some(_) => Ok((sasl::SCRAM_SHA_256, sasl::ChannelBinding::unrequested())),
        None => Ok((sasl::SCRAM_SHA_256, sasl::ChannelBinding::unsupported())),
    }
}

fn needed(connection: &RawConnection, password: Option<SecretString>) -> Result<SecretString, PgError> {
    password.ok_or_else(|| PgError::Connect {
        endpoint: connection.endpoint().to_owned(),
        reason: "the server asks for a password and none is given".to_owned(),
        server: None,
        hint: Some(
            "set PGPASSWORD, add a line to the password file (~/.pgpass), name one by passfile, or give a password_command"
                .to_owned(),
        ),
    })
}

fn refused(connection: &RawConnection, reason: &str) -> PgError {
    PgError::Connect {
        endpoint: connection.endpoint().to_owned(),
        reason: reason.to_owned(),
        server: None,
        hint: Some(
            "check sslmode, channel_binding and require_auth, and the server's access rules".to_owned(),
        ),
    }
}

/// Writing a message fails only when it holds a NUL or is too long.
fn write(connection: &RawConnection, written: std::io::Result<()>) -> Result<(), PgError> {
    written.map_err(|error| connection.protocol(&error.to_string()))
}
