//! Connection strings: URI or keywords, PG* variables, password file, libpq's defaults.
//!
//! Owns what libpq calls conninfo, read as libpq reads it, so that a string that works with
//! psql works here. Refuses unknown keys. A password never appears in Debug, Display or an error.

mod child;
mod environment;
mod error;
mod hosts;
mod keyword_string;
mod keywords;
mod options;
mod passfile;
mod redact;
mod uri;

use std::{fmt, path::PathBuf, time::Duration};

use secrecy::SecretString;
use transhume_core::value_encoding;

use super::{
    identity::{Identity, Pin},
    login::{Logins, PasswordCommand, RefusedLogin},
};

pub(crate) use self::child::bare;
pub use self::{child::ChildConnection, environment::Environment, error::ConninfoError, redact::redact};
pub(crate) use self::{
    hosts::{Address, Host},
    options::{
        AuthenticationSettings, ChannelBinding, Method, Negotiation, RootCertificates, SocketSettings,
        TargetSession, TlsMode, TlsSettings,
    },
};

/// Everything needed to open a connection to one database. Debug and Display show no secret.
#[derive(Clone)]
pub struct ConnectionSettings {
    pub(crate) hosts: Vec<Host>,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) password: Option<SecretString>,
    pub(crate) passfile: Option<PathBuf>,
    /// Prints the password; goes before one from elsewhere.
    pub(crate) password_command: Option<PasswordCommand>,
    /// What is known of logins with these settings; shared by all copies.
    pub(crate) logins: Logins,
    /// Per address tried; none means no limit.
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) target_session: TargetSession,
    pub(crate) options: Option<String>,
    pub(crate) tls: TlsSettings,
    pub(crate) socket: SocketSettings,
    pub(crate) authentication: AuthenticationSettings,
    /// The encoding of text in its sessions.
    pub(crate) client_encoding: String,
    /// Sessions write although a fence made the database read-only by default.
    pub(crate) writes_where_closed: bool,
    /// What every session must have reached; shared by all copies.
    pub(crate) pin: Pin,
    /// A connection that falls silent is asked after over another one; that one is not.
    pub(crate) is_attended: bool,
}

impl ConnectionSettings {
    /// Reads a URI or keyword string; what it leaves out comes from the environment, then from defaults.
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, ConninfoError> {
        let text = text.trim();
        let rest = uri::SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme));
        let mut values = match rest {
            Some(rest) => uri::parse(rest)?,
            None => keyword_string::parse(text)?,
        };
        values.fill_from(|name| environment.variable(name));
        let user = values
            .get("user")
            .or(environment.user())
            .ok_or(ConninfoError::Malformed {
                reason: "no user is named and the operating system names none",
            })?;
        options::refuse_gss(&values)?;
        let hosts = hosts::read(&values)?;
        Ok(Self {
            tls: options::tls(&values, &hosts, environment)?,
            hosts,
            user: user.to_owned(),
            database: values.get("dbname").unwrap_or(user).to_owned(),
            password: values.get("password").map(SecretString::from),
            passfile: values
                .get("passfile")
                .map(PathBuf::from)
                .or_else(|| environment.home_file(".pgpass")),
            password_command: None,
            logins: Logins::default(),
            connect_timeout: options::connect_timeout(&values)?,
            target_session: options::target_session(&values)?,
            options: values.get("options").map(str::to_owned),
            socket: options::socket(&values)?,
            authentication: options::authentication(&values)?,
            client_encoding: value_encoding::USUAL.to_owned(),
            writes_where_closed: false,
            pin: Pin::default(),
            is_attended: true,
        })
    }

    /// The password is what this command prints, whatever else is given.
    #[must_use]
    pub fn with_password_command(self, command: PasswordCommand) -> Self {
        Self {
            password_command: Some(command),
            logins: Logins::default(),
            ..self
        }
    }

    /// A login that is refused now, though one was accepted before or will be tried again.
    pub fn refused_login(&self) -> Option<RefusedLogin> {
        self.logins.refused()
    }

    /// For who has to write behind a fence of ours: the reverse stream, and who opens or removes.
    #[must_use]
    pub fn writing_where_closed(self) -> Self {
        Self {
            writes_where_closed: true,
            ..self
        }
    }

    /// For sessions that read or write rows: text is in this encoding, and so are names, which must be the same bytes in UTF-8.
    #[must_use]
    pub fn carrying(self, encoding: &str) -> Self {
        Self {
            client_encoding: encoding.to_owned(),
            ..self
        }
    }

    /// From now on every session of these settings and of their copies must reach this database, told as `side` where it
    /// does not; false where they are pinned to another one.
    pub fn pin_to(&self, side: &'static str, identity: &Identity) -> bool {
        self.pin.set(side, identity)
    }

    /// For a question about a connection of these settings.
    #[must_use]
    pub fn unattended(self) -> Self {
        Self {
            is_attended: false,
            target_session: TargetSession::Any,
            ..self
        }
    }

    pub fn database(&self) -> &str {
        &self.database
    }

    pub fn user(&self) -> &str {
        &self.user
    }

    /// `host:port` of every server named, for people.
    pub fn host_label(&self) -> String {
        self.hosts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
    }

    /// Name (or directory of the socket) and port of every server named, in the order in which they are tried.
    pub fn servers(&self) -> impl Iterator<Item = (String, u16)> + '_ {
        self.hosts.iter().map(|host| (host.name(), host.port))
    }

    /// Name and port of the server that answered as `endpoint` (see `Session::endpoint`); the first one where none of them did.
    pub fn server_at(&self, endpoint: &str) -> Option<(String, u16)> {
        let answered = self.hosts.iter().find(|host| host.to_string() == endpoint);
        let host = answered.or(self.hosts.first())?;
        Some((host.name(), host.port))
    }

    /// The same server, credentials and options, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        Self {
            database: database.to_owned(),
            pin: Pin::default(),
            ..self.clone()
        }
    }

    /// Only the one host that answered as `endpoint`, where several are named: a snapshot is only
    /// good on the server that exported it.
    #[must_use]
    pub fn only(&self, endpoint: &str) -> Self {
        let hosts: Vec<Host> = self
            .hosts
            .iter()
            .filter(|host| host.to_string() == endpoint)
            .cloned()
            .collect();
        Self {
            hosts: if hosts.is_empty() {
                self.hosts.clone()
            } else {
                hosts
            },
            ..self.clone()
        }
    }

    /// The password given, or the one the password file has for this host now.
    pub(crate) fn password_for(&self, host: &Host) -> Option<SecretString> {
        let from_file = || passfile::find(self.passfile.as_deref()?, host, &self.database, &self.user);
        self.password.clone().or_else(from_file)
    }
}

impl fmt::Display for ConnectionSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "postgresql://{}@{}/{}",
            uri::encode(&self.user),
            self.host_label(),
            uri::encode(&self.database)
        )
    }
}

impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests;
