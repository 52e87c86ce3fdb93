//! The settings of a connection that are choices or numbers, and their defaults.
//!
//! Meanings are libpq's (manual, "Parameter Key Words"); defaults differ only where said. The one of weight: a server that is
//! not on this machine has to prove that it is the one that was named, unless sslmode says otherwise.

use std::{path::PathBuf, time::Duration};

use super::{environment::Environment, error::ConninfoError, hosts::Host, keywords::Values};

/// libpq waits for ever; an unattended program must come back and try again.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The shortest that libpq allows: name resolution alone may take a second.
const SHORTEST_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl TlsMode {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Negotiation {
    /// SSLRequest first.
    Postgres,
    /// The handshake at once (PostgreSQL 17+).
    Direct,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RootCertificates {
    /// The operating system's trusted roots.
    System,
    File(PathBuf),
    None,
}

#[derive(Debug, Clone)]
pub(crate) struct TlsSettings {
    pub(crate) mode: TlsMode,
    pub(crate) negotiation: Negotiation,
    pub(crate) roots: RootCertificates,
    /// Certificate and key sent when the server asks for one.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

#[derive(Debug, Clone)]
pub(crate) struct SocketSettings {
    pub(crate) keepalive: bool,
    pub(crate) keepalive_idle: Duration,
    pub(crate) keepalive_interval: Duration,
    pub(crate) keepalive_count: u32,
    pub(crate) user_timeout: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelBinding {
    Disable,
    Prefer,
    Require,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    None,
    Password,
    Md5,
    ScramSha256,
}

#[derive(Debug, Clone)]
pub(crate) struct AuthenticationSettings {
    pub(crate) channel_binding: ChannelBinding,
    pub(crate) allowed: Vec<Method>,
    /// The list as it was given, for child processes.
    pub(crate) given: Option<String>,
}

impl AuthenticationSettings {
    /// It was named, not merely left open.
    pub(crate) fn asks_for(&self, method: Method) -> bool {
        let names = self.given.as_deref().unwrap_or_default();
        !names.contains('!') && self.allowed.contains(&method) && self.given.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetSession {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

fn choose<T: Copy>(
    values: &Values,
    key: &'static str,
    choices: &[(&str, T)],
    expected: &'static str,
) -> Result<Option<T>, ConninfoError> {
    let Some(value) = values.get(key) else {
        return Ok(None);
    };
    let found = choices.iter().find(|(name, _)| *name == value);
    found
        .map(|(_, choice)| Some(*choice))
        .ok_or_else(|| invalid(key, expected))
}

fn invalid(key: &'static str, expected: &'static str) -> ConninfoError {
    ConninfoError::InvalidValue { key, expected }
}

fn number(values: &Values, key: &'static str) -> Result<Option<i32>, ConninfoError> {
    let Some(value) = values.get(key) else {
        return Ok(None);
    };
    value
        .trim()
        .parse()
        .map(Some)
        .map_err(|_| invalid(key, "a whole number"))
}

pub(super) fn connect_timeout(values: &Values) -> Result<Option<Duration>, ConninfoError> {
    Ok(match number(values, "connect_timeout")? {
        None => Some(DEFAULT_CONNECT_TIMEOUT),
        Some(seconds) if seconds <= 0 => None,
        Some(seconds) => {
            Some(Duration::from_secs(seconds.unsigned_abs().into()).max(SHORTEST_CONNECT_TIMEOUT))
        }
    })
}

const TARGET_SESSIONS: [(&str, TargetSession); 6] = [
    ("any", TargetSession::Any),
    ("read-write", TargetSession::ReadWrite),
    ("read-only", TargetSession::ReadOnly),
    ("primary", TargetSession::Primary),
    ("standby", TargetSession::Standby),
    ("prefer-standby", TargetSession::PreferStandby),
];

pub(super) fn target_session(values: &Values) -> Result<TargetSession, ConninfoError> {
    let expected = "any, read-write, read-only, primary, standby or prefer-standby";
    let chosen = choose(values, "target_session_attrs", &TARGET_SESSIONS, expected)?;
    // A migration writes on both sides, so of several servers the one that takes writes is meant, whichever answers first.
    let is_several = ["host", "hostaddr"]
        .iter()
        .any(|key| values.get(key).is_some_and(|hosts| hosts.contains(',')));
    let usual = if is_several {
        TargetSession::Primary
    } else {
        TargetSession::Any
    };
    Ok(chosen.unwrap_or(usual))
}

pub(super) fn name_of(session: TargetSession) -> &'static str {
    TARGET_SESSIONS
        .iter()
        .find(|(_, known)| *known == session)
        .map_or("any", |(name, _)| name)
}

pub(super) fn tls(
    values: &Values,
    hosts: &[Host],
    environment: &Environment,
) -> Result<TlsSettings, ConninfoError> {
    let choices = [
        TlsMode::Disable,
        TlsMode::Allow,
        TlsMode::Prefer,
        TlsMode::Require,
        TlsMode::VerifyCa,
        TlsMode::VerifyFull,
    ]
    .map(|mode| (mode.as_str(), mode));
    let expected = "disable, allow, prefer, require, verify-ca or verify-full";
    let mode = choose(values, "sslmode", &choices, expected)?;
    let roots = match values.get("sslrootcert") {
        Some("system") => Some(RootCertificates::System),
        Some(path) => Some(RootCertificates::File(path.into())),
        None => environment
            .home_file(".postgresql/root.crt")
            .filter(|path| path.exists())
            .map(RootCertificates::File),
    };
    let system = roots == Some(RootCertificates::System);
    let mode = mode.unwrap_or(if system || !hosts.iter().all(Host::is_local) {
        TlsMode::VerifyFull
    } else {
        TlsMode::Prefer
    });
    // What a machine trusts anyway is enough for a certificate that carries the server's name.
    let roots = roots.unwrap_or(match mode {
        TlsMode::VerifyFull => RootCertificates::System,
        _ => RootCertificates::None,
    });
    let choices = [
        ("postgres", Negotiation::Postgres),
        ("direct", Negotiation::Direct),
    ];
    let negotiation = choose(values, "sslnegotiation", &choices, "postgres or direct")?;
    let negotiation = negotiation.unwrap_or(Negotiation::Postgres);
    if system && mode != TlsMode::VerifyFull {
        let text = format!(
            "weak sslmode \"{}\" may not be used with sslrootcert=system",
            mode.as_str()
        );
        return Err(ConninfoError::Contradiction(text));
    }
    if negotiation == Negotiation::Direct
        && matches!(mode, TlsMode::Disable | TlsMode::Allow | TlsMode::Prefer)
    {
        let text = format!(
            "weak sslmode \"{}\" may not be used with sslnegotiation=direct",
            mode.as_str()
        );
        return Err(ConninfoError::Contradiction(text));
    }
    Ok(TlsSettings {
        mode,
        negotiation,
        roots,
        client: client_certificate(values, environment),
    })
}

/// The default certificate counts only when it is there; one that is named must be there.
fn client_certificate(values: &Values, environment: &Environment) -> Option<(PathBuf, PathBuf)> {
    let named = values.get("sslcert").map(PathBuf::from);
    let default = || {
        environment
            .home_file(".postgresql/postgresql.crt")
            .filter(|path| path.exists())
    };
    let certificate = named.or_else(default)?;
    let key = values.get("sslkey").map(PathBuf::from);
    Some((
        certificate,
        key.or_else(|| environment.home_file(".postgresql/postgresql.key"))?,
    ))
}

pub(super) fn socket(values: &Values) -> Result<SocketSettings, ConninfoError> {
    // A dead peer behind a silent firewall is noticed after idle + interval × count = 30 s, so that what follows on it (another
    // host, a retry) has begun within a minute.
    let (idle, interval, count) = (15, 5, 3);
    let seconds = |key, default: u32| -> Result<Duration, ConninfoError> {
        let given = number(values, key)?.filter(|value| *value > 0);
        Ok(Duration::from_secs(
            given.map_or(default, i32::unsigned_abs).into(),
        ))
    };
    let given_count = number(values, "keepalives_count")?.filter(|value| *value > 0);
    let user_timeout = number(values, "tcp_user_timeout")?.filter(|value| *value > 0);
    Ok(SocketSettings {
        keepalive: number(values, "keepalives")? != Some(0),
        keepalive_idle: seconds("keepalives_idle", idle)?,
        keepalive_interval: seconds("keepalives_interval", interval)?,
        keepalive_count: given_count.map_or(count, i32::unsigned_abs),
        user_timeout: user_timeout.map(|value| Duration::from_millis(value.unsigned_abs().into())),
    })
}

/// Accepted where it asks for nothing that is not spoken here.
pub(super) fn refuse_gss(values: &Values) -> Result<(), ConninfoError> {
    match values.get("gssencmode") {
        None | Some("disable" | "prefer") => Ok(()),
        Some("require") => Err(ConninfoError::Refused {
            key: "gssencmode",
            reason: "connections are encrypted by TLS, not by GSSAPI: use sslmode",
        }),
        Some(_) => Err(invalid("gssencmode", "disable or prefer")),
    }
}

pub(super) fn authentication(values: &Values) -> Result<AuthenticationSettings, ConninfoError> {
    let choices = [
        ("disable", ChannelBinding::Disable),
        ("prefer", ChannelBinding::Prefer),
        ("require", ChannelBinding::Require),
    ];
    let channel_binding = choose(values, "channel_binding", &choices, "disable, prefer or require")?;
    Ok(AuthenticationSettings {
        channel_binding: channel_binding.unwrap_or(ChannelBinding::Prefer),
        allowed: allowed_methods(values.get("require_auth"))?,
        given: values.get("require_auth").map(str::to_owned),
    })
}

/// `require_auth`: a list of methods that are allowed, or with `!` of methods that are not.
fn allowed_methods(value: Option<&str>) -> Result<Vec<Method>, ConninfoError> {
    const ALL: [Method; 4] = [Method::None, Method::Password, Method::Md5, Method::ScramSha256];
    const EXPECTED: &str = "password, md5, scram-sha-256 or none, each with a ! in front or none with it";
    let Some(value) = value else {
        return Ok(ALL.to_vec());
    };
    let names: Vec<&str> = value.split(',').map(str::trim).collect();
    let negated = names.iter().filter(|name| name.starts_with('!')).count();
    if negated != 0 && negated != names.len() {
        return Err(invalid("require_auth", EXPECTED));
    }
    let mut listed = Vec::new();
    for name in names {
        match name.trim_start_matches('!') {
            "none" => listed.push(Method::None),
            "password" => listed.push(Method::Password),
            "md5" => listed.push(Method::Md5),
            "scram-sha-256" => listed.push(Method::ScramSha256),
            // Never spoken here, so forbidding them changes nothing and allowing them neither.
            "gss" | "sspi" | "oauth" => {}
            _ => return Err(invalid("require_auth", EXPECTED)),
        }
    }
    Ok(ALL
        .into_iter()
        .filter(|method| listed.contains(method) == (negated == 0))
        .collect())
}
