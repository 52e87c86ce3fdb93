//! PgBouncer's admin console: a database of its own that takes commands by simple query
//! (PgBouncer manual, "Admin console").
//!
//! Owns the commands and reading their answers by the names of columns, which move between versions. Refuses
//! waiting: whoever pauses bounds it.

use std::path::PathBuf;

use transhume_wire::ident::quote_identifier;

use crate::connection::{
    conninfo::ConnectionSettings,
    error::PgError,
    raw::{Mode, RawConnection},
    session::Session,
};

/// An open console.
#[derive(Debug)]
pub struct Console(RawConnection);

/// A database as PgBouncer serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub name: String,
    pub host: String,
    pub port: String,
    pub database: String,
    pub is_paused: bool,
    /// session, transaction or statement.
    pub pool_mode: String,
}

impl Console {
    pub async fn connect(settings: &ConnectionSettings, application_name: &str) -> Result<Self, PgError> {
        RawConnection::connect(settings, application_name, Mode::Console)
            .await
            .map(Self)
    }

    /// Answers once every transaction of the database's clients has ended; from then on they wait.
    pub async fn pause(&mut self, database: &str) -> Result<(), PgError> {
        self.command("PAUSE", database).await
    }

    /// Lets the clients go on, to wherever the entry points by now. Harmless where nothing is paused.
    pub async fn resume(&mut self, database: &str) -> Result<(), PgError> {
        let is_paused = self.served(database).await?.is_none_or(|served| served.is_paused);
        if !is_paused {
            return Ok(());
        }
        self.command("RESUME", database).await
    }

    /// Reads its file again.
    pub async fn reload(&mut self) -> Result<(), PgError> {
        self.0.simple_query("RELOAD").await.map(drop)
    }

    /// None where no entry of its own serves the database now.
    pub async fn served(&mut self, database: &str) -> Result<Option<Served>, PgError> {
        let all = self.table("SHOW DATABASES").await?;
        let row = all.iter().find(|row| row.text("name") == database);
        Ok(row.map(|row| Served {
            name: row.text("name"),
            host: row.text("host"),
            port: row.text("port"),
            database: row.text("database"),
            is_paused: row.text("paused") == "1",
            pool_mode: row.text("pool_mode"),
        }))
    }

    /// A setting of its configuration, such as `conffile` or `pool_mode`.
    pub async fn setting(&mut self, name: &str) -> Result<Option<String>, PgError> {
        let all = self.table("SHOW CONFIG").await?;
        Ok(all
            .iter()
            .find(|row| row.text("key") == name)
            .map(|row| row.text("value")))
    }

    /// The file that it reads, where it says so.
    pub async fn file(&mut self) -> Result<Option<PathBuf>, PgError> {
        Ok(self.setting("conffile").await?.map(PathBuf::from))
    }

    async fn command(&mut self, command: &str, database: &str) -> Result<(), PgError> {
        let text = format!("{command} {}", quote_identifier(database));
        self.0.simple_query(&text).await.map(drop)
    }

    async fn table(&mut self, command: &str) -> Result<Vec<NamedRow>, PgError> {
        let (names, rows) = self.0.named_rows(command).await?;
        Ok(rows
            .into_iter()
            .map(|row| NamedRow(names.iter().cloned().zip(row).collect()))
            .collect())
    }
}

/// Logs in through an entry of PgBouncer, which must lead it to a server: the process there.
pub async fn log_in(settings: &ConnectionSettings, application_name: &str) -> Result<i32, PgError> {
    let mut client = RawConnection::connect(settings, application_name, Mode::Console).await?;
    let rows = client.simple_query("select pg_catalog.pg_backend_pid()").await?;
    let process = rows.first().and_then(|row| row.first()).and_then(Option::as_ref);
    process
        .and_then(|process| process.parse().ok())
        .ok_or_else(|| PgError::Protocol {
            endpoint: settings.host_label(),
            reason: "no process answered through PgBouncer".to_owned(),
        })
}

/// Whether the process serves a session of this server's database.
pub async fn is_served_by(server: &Session, process: i32) -> Result<bool, PgError> {
    let row = server
        .query_one(include_str!("sql/serves.sql"), &[&process])
        .await?;
    Ok(row.get(0))
}

struct NamedRow(Vec<(String, Option<String>)>);

impl NamedRow {
    /// Empty where there is no such column, or no value in it.
    fn text(&self, column: &str) -> String {
        let found = self.0.iter().find(|(name, _)| name == column);
        found.and_then(|(_, value)| value.clone()).unwrap_or_default()
    }
}
