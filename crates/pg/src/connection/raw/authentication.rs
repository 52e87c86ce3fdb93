//! Proves who we are: trust, SCRAM-SHA-256 with and without channel binding, MD5, clear text.
//!
//! Refuses to give a password in clear text to a wire that others can read or to a server that did not prove itself, and its MD5,
//! which is as good as the password to whoever guesses, unless `require_auth` asks for it; and methods that `require_auth` or
//! `channel_binding` rule out. A server that skips the proof it owes us (SCRAM's final message) is refused.

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
            if let Some(reason) = unproven(Wire::of(connection, settings)) {
                return Err(withheld(connection, reason.of_password, PROVE));
            }
            let password = password(connection)?;
            write(
                connection,
                frontend::password_message(password.expose_secret().as_bytes(), &mut reply),
            )?;
        }
        Message::AuthenticationMd5Password(body) => {
            allow(connection, settings, Method::Md5)?;
            if let Some(reason) = unproven(Wire::of(connection, settings))
                && !settings.authentication.asks_for(Method::Md5)
            {
                return Err(withheld(connection, reason.of_md5, PROVE_OR_ASK));
            }
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

const PROVE: &str = "leave sslmode away, or set it to verify-full: then the server's certificate is checked";
const PROVE_OR_ASK: &str = "leave sslmode away, or set it to verify-full: then the server's certificate is checked; where you trust \
                            everybody on the way, say require_auth=md5";

/// What is known of who reads what we send.
#[derive(Debug, Clone, Copy)]
struct Wire {
    is_local: bool,
    is_encrypted: bool,
    checks_certificate: bool,
}

impl Wire {
    fn of(connection: &RawConnection, settings: &ConnectionSettings) -> Self {
        Self {
            is_local: connection.transport.is_local(),
            is_encrypted: connection.transport.is_encrypted(),
            checks_certificate: tls::checks_certificate(&settings.tls),
        }
    }
}

/// Why something is not sent, for each that could be.
#[derive(Debug)]
struct Unproven {
    of_password: &'static str,
    of_md5: &'static str,
}

/// A secret goes only where nobody stands in between, or to a server whose certificate was checked.
fn unproven(wire: Wire) -> Option<Unproven> {
    if wire.is_local {
        None
    } else if !wire.is_encrypted {
        Some(Unproven {
            of_password: "the server asks for the password in clear text without TLS",
            of_md5: "the server asks for the password's MD5, which is quickly guessed from, without TLS",
        })
    } else if !wire.checks_certificate {
        Some(Unproven {
            of_password: "the server asks for the password itself, and nothing proves that it is the server that was named",
            of_md5: "the server asks for the password's MD5, which is quickly guessed from, and nothing proves that it is the \
                     server that was named",
        })
    } else {
        None
    }
}

fn withheld(connection: &RawConnection, reason: &str, hint: &str) -> PgError {
    PgError::Connect {
        endpoint: connection.endpoint().to_owned(),
        reason: reason.to_owned(),
        server: None,
        hint: Some(hint.to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_to_this_machine_or_to_a_server_that_was_checked() {
        let elsewhere = Wire {
            is_local: false,
            is_encrypted: false,
            checks_certificate: false,
        };
        let here = Wire {
            is_local: true,
            ..elsewhere
        };
        let encrypted = Wire {
            is_encrypted: true,
            ..elsewhere
        };
        let checked = Wire {
            checks_certificate: true,
            ..encrypted
        };
        // What would be checked says nothing of a wire without TLS.
        let unencrypted = Wire {
            is_encrypted: false,
            ..checked
        };
        assert!(unproven(here).is_none() && unproven(checked).is_none());
        for wire in [elsewhere, unencrypted] {
            let reason = unproven(wire).expect("it is refused");
            assert!(reason.of_password.ends_with("without TLS") && reason.of_md5.ends_with("without TLS"));
        }
        let reason = unproven(encrypted).expect("it is refused");
        assert!(reason.of_md5.contains("MD5") && reason.of_md5.contains("nothing proves"));
    }
}
