//! The two servers that nearly every test is about, a database on each, and the addresses that lead there.
//!
//! Owns both servers, which end with it. An address may be changed to lead through a proxy, to a standby or to another
//! role; the servers stay. Refuses to know a migration: what a harness prepares beside the databases is its own.

use std::path::PathBuf;

use tokio_postgres::{Client, Error};
use transhume_demo::cluster::{Cluster, ClusterOptions};

use crate::{
    connection::{connect, describe},
    server::{EVERYDAY_MAJOR, client_programs, server, start},
};

/// Every server has it.
const FIRST_DATABASE: &str = "postgres";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Source,
    Target,
}

#[derive(Debug)]
pub struct Pair {
    pub source: Cluster,
    pub target: Cluster,
    pub source_url: String,
    pub target_url: String,
}

impl Side {
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Source => Self::Target,
            Self::Target => Self::Source,
        }
    }
}

impl Pair {
    /// Both of the version that most tests run on.
    ///
    /// # Panics
    /// As [`start`], here and below.
    pub fn everyday() -> Self {
        Self::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR)
    }

    /// Fresh servers of these major versions with the usual settings.
    pub fn new(source: u32, target: u32) -> Self {
        let usual = |major| ClusterOptions::new(server(major));
        Self::start(usual(source), usual(target))
    }

    /// Fresh servers with settings of the test's own. One after the other: copies of one template that started in the same
    /// microsecond would pass for one server.
    pub fn start(source: ClusterOptions, target: ClusterOptions) -> Self {
        Self::of(start(source), start(target))
    }

    /// Servers that were started otherwise.
    pub fn of(source: Cluster, target: Cluster) -> Self {
        Self {
            source_url: source.url(FIRST_DATABASE),
            target_url: target.url(FIRST_DATABASE),
            source,
            target,
        }
    }

    /// Makes a database of this name on each, and leads the addresses there.
    pub async fn create_database(&mut self, name: &str) -> Result<(), Error> {
        for server in [&self.source, &self.target] {
            let client = connect(&server.url(FIRST_DATABASE)).await?;
            client
                .batch_execute(&format!("create database \"{name}\""))
                .await?;
        }
        self.source_url = self.source.url(name);
        self.target_url = self.target.url(name);
        Ok(())
    }

    pub fn server(&self, side: Side) -> &Cluster {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    pub fn server_mut(&mut self, side: Side) -> &mut Cluster {
        match side {
            Side::Source => &mut self.source,
            Side::Target => &mut self.target,
        }
    }

    pub fn url(&self, side: Side) -> &str {
        match side {
            Side::Source => &self.source_url,
            Side::Target => &self.target_url,
        }
    }

    /// A session of the test's own.
    ///
    /// # Panics
    /// Where the server does not answer.
    pub async fn connect(&self, side: Side) -> Client {
        connect(self.url(side)).await.expect("the server answers")
    }

    /// Runs statements in a session of their own.
    ///
    /// # Panics
    /// Where one of them fails, with what the server says.
    pub async fn execute(&self, side: Side, sql: &str) {
        if let Err(error) = self.connect(side).await.batch_execute(sql).await {
            panic!("{side:?}: {}", describe(&error));
        }
    }

    pub async fn execute_on_both(&self, sql: &str) {
        self.execute(Side::Source, sql).await;
        self.execute(Side::Target, sql).await;
    }

    /// The directory with a `pg_dump` and a `pg_restore` that serve both.
    pub fn client_programs(&self) -> PathBuf {
        client_programs(major(&self.source).max(major(&self.target)))
    }
}

/// The major version of a server, as its data directory says.
///
/// # Panics
/// Where the data directory cannot be read.
pub fn major(server: &Cluster) -> u32 {
    let version = std::fs::read_to_string(server.data_directory().join("PG_VERSION"));
    let version = version.expect("the data directory can be read");
    version.trim().parse().expect("a major version is a number")
}
