//! The settings that every session of ours runs under, set after login and then read back.
//!
//! What a role, a database or a proxy presets must not change how values print, how long a
//! statement may run or what a name means. Set by SET, since managed servers refuse start-up
//! options. Event triggers are kept silent where the role may. default_transaction_read_only is left alone on
//! purpose, a fence relies on it; only who writes behind a fence, as the reverse stream does, asks for it to be lifted.

use transhume_core::{sqlstate, value_encoding};
use transhume_wire::ident::quote_literal;

use crate::connection::{
    conninfo::ConnectionSettings,
    error::PgError,
    raw::{Mode, RawConnection, ServerRole},
    version::ServerVersion,
};

/// One setting: name, wanted value as the server prints it, first major version that has it.
struct PinnedSetting(&'static str, &'static str, u32);

const CLIENT_ENCODING: &str = "client_encoding";

impl PinnedSetting {
    fn wanted<'a>(&'a self, session: &'a ConnectionSettings) -> &'a str {
        match self.0 {
            CLIENT_ENCODING => &session.client_encoding,
            _ => self.1,
        }
    }
}

/// In force before anything else runs, or a preset of a millisecond would end the pinning itself.
const TIMEOUTS: &[PinnedSetting] = &[
    PinnedSetting("statement_timeout", "0", 12),
    PinnedSetting("transaction_timeout", "0", 17),
];

/// Setting a time-out takes tens of microseconds where the server's process is let run, and a preset has a millisecond at least.
const ATTEMPTS_AGAINST_A_PRESET: u32 = 20;

const SETTINGS: &[PinnedSetting] = &[
    PinnedSetting("lock_timeout", "0", 12),
    PinnedSetting("idle_in_transaction_session_timeout", "0", 12),
    PinnedSetting("idle_session_timeout", "0", 14),
    PinnedSetting("search_path", "\"\"", 12),
    // Or what the session carries (`PinnedSetting::wanted`).
    PinnedSetting(CLIENT_ENCODING, value_encoding::USUAL, 12),
    PinnedSetting("client_min_messages", "warning", 12),
    PinnedSetting("standard_conforming_strings", "on", 12),
    PinnedSetting("DateStyle", "ISO, YMD", 12),
    PinnedSetting("IntervalStyle", "postgres", 12),
    PinnedSetting("TimeZone", "UTC", 12),
    PinnedSetting("extra_float_digits", "3", 12),
    PinnedSetting("bytea_output", "hex", 12),
    PinnedSetting("lc_monetary", "C", 12),
    PinnedSetting("xmloption", "content", 12),
    PinnedSetting("xmlbinary", "base64", 12),
    PinnedSetting("array_nulls", "on", 12),
    PinnedSetting("transform_null_equals", "off", 12),
    PinnedSetting("quote_all_identifiers", "off", 12),
    PinnedSetting("row_security", "off", 12),
    PinnedSetting("default_transaction_isolation", "read committed", 12),
    PinnedSetting("default_transaction_deferrable", "off", 12),
    PinnedSetting("exit_on_error", "off", 12),
    // Compiling costs more than it saves in statements as short or as I/O-bound as ours.
    PinnedSetting("jit", "off", 12),
];

/// The names read back come first in the answer, then what the server says about itself.
const VERIFY: &str = include_str!("sql/verify.sql");

pub(crate) async fn pin(
    connection: &mut RawConnection,
    mode: Mode,
    session: &ConnectionSettings,
) -> Result<(), PgError> {
    let writes_where_closed = session.writes_where_closed;
    let major = connection.server_version().major();
    let settings: Vec<&PinnedSetting> = present(TIMEOUTS, major).chain(present(SETTINGS, major)).collect();
    let rows = set_and_read_back(connection, mode, session, &settings).await?;
    let value = |name: &str| {
        let row = rows
            .iter()
            .find(|row| row.first().and_then(Option::as_deref) == Some(name));
        row.and_then(|row| row.get(1).cloned().flatten())
            .unwrap_or_default()
    };
    for pinned in settings {
        let (name, wanted) = (pinned.0, pinned.wanted(session));
        let actual = value(name);
        if actual != wanted {
            return Err(PgError::Setting {
                name: name.to_owned(),
                wanted: wanted.to_owned(),
                actual,
            });
        }
    }
    let read_only = value("default_transaction_read_only") == "on";
    if read_only && writes_where_closed {
        connection
            .simple_query("SET default_transaction_read_only TO off")
            .await?;
    }
    connection.learn(
        value("backend_pid").parse().ok(),
        value("server_version_num").parse().ok().map(ServerVersion),
        ServerRole {
            standby: value("in_recovery") == "true",
            read_only: read_only && !writes_where_closed,
        },
    )
}

/// One question for all, since a session is opened in every step and each answer costs the length of the way.
async fn set_and_read_back(
    connection: &mut RawConnection,
    mode: Mode,
    session: &ConnectionSettings,
    settings: &[&PinnedSetting],
) -> Result<Vec<Vec<Option<String>>>, PgError> {
    let major = connection.server_version().major();
    let timeouts = set_all(TIMEOUTS, session, major);
    let names: Vec<&str> = settings.iter().map(|PinnedSetting(name, ..)| *name).collect();
    let list = quote_literal(&format!("{{{}}}", names.join(",")));
    let all = format!(
        "{timeouts}; {}; {}; {}; {}",
        set_all(SETTINGS, session, major),
        peer_timeouts(mode, major),
        if major >= EVENT_TRIGGERS_SINCE {
            SILENCE
        } else {
            ""
        },
        VERIFY.replace("'{search_path}'", &list)
    );
    match connection.simple_query(&all).await {
        // A preset of a millisecond may be over before so much is parsed.
        Err(error) if error.sqlstate() == Some(sqlstate::QUERY_CANCELED) => {
            lift(connection, &timeouts).await?;
            connection.simple_query(&all).await
        }
        answer => answer,
    }
}

/// On a busy machine even so little may take longer than such a preset: tried again, as often as chance may be against it.
async fn lift(connection: &mut RawConnection, timeouts: &str) -> Result<(), PgError> {
    for _ in 1..ATTEMPTS_AGAINST_A_PRESET {
        match connection.simple_query(timeouts).await {
            Err(error) if error.sqlstate() == Some(sqlstate::QUERY_CANCELED) => {}
            answer => return answer.map(drop),
        }
    }
    connection.simple_query(timeouts).await.map(drop)
}

/// How soon the server ends this session once we are gone; without, its locks may stay for two hours. Not read back:
/// on a Unix socket they mean nothing and read 0.
///
/// The time-out for unacknowledged bytes is only for sessions that read at once: Linux ends with it a connection
/// whose reader is slow, too, as that of a COPY or of a stream may be for minutes.
fn peer_timeouts(mode: Mode, major: u32) -> String {
    let mut set =
        "SET tcp_keepalives_idle TO 15; SET tcp_keepalives_interval TO 5; SET tcp_keepalives_count TO 3"
            .to_owned();
    if mode == Mode::Session {
        set += "; SET tcp_user_timeout TO 60000";
    }
    if major >= CONNECTION_CHECK_SINCE {
        set += CONNECTION_CHECK;
    }
    set
}

/// First version that looks after its client while it executes something.
const CONNECTION_CHECK_SINCE: u32 = 14;
/// Only where the server's operating system can; elsewhere it refuses anything but 0. In milliseconds.
const CONNECTION_CHECK: &str = "; SELECT pg_catalog.set_config('client_connection_check_interval', '10000', false) \
                                WHERE pg_catalog.version() LIKE '%linux%'";

/// First version that switches event triggers off by themselves.
const EVENT_TRIGGERS_SINCE: u32 = 17;
/// They act for what an application does; an object that a load makes is none of that. Older versions only know the replica role, which
/// more hangs on: there it is for who takes it ([`super::quiet`]).
const SILENCE: &str = "SELECT pg_catalog.set_config('event_triggers', 'off', false) \
                       WHERE pg_catalog.has_parameter_privilege('event_triggers', 'SET')";

fn present(settings: &'static [PinnedSetting], major: u32) -> impl Iterator<Item = &'static PinnedSetting> {
    settings
        .iter()
        .filter(move |PinnedSetting(_, _, since)| major >= *since)
}

fn set_all(settings: &'static [PinnedSetting], session: &ConnectionSettings, major: u32) -> String {
    let set = |pinned: &PinnedSetting| match pinned.0 {
        "search_path" => "SET search_path TO ''".to_owned(),
        // A list: quoted as a whole it would be one element.
        "DateStyle" => "SET DateStyle TO ISO, YMD".to_owned(),
        name => format!("SET {name} TO {}", quote_literal(pinned.wanted(session))),
    };
    present(settings, major).map(set).collect::<Vec<_>>().join("; ")
}
