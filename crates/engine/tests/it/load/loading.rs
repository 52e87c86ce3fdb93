//! A source and a target with the state schema, ready for a full load.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio_postgres::Client;
use transhume_core::selection::Selection;
use transhume_engine::{
    cancel::{Cancellation, Canceller, cancellation},
    endpoints::Endpoints,
    error::Result,
    load::{self, LoadContext, LoadOptions},
    report::Reporter,
};
use transhume_pg::{
    connection::{
        raw::{Mode, RawConnection},
        snapshot::SnapshotHolder,
    },
    follow::{slot, wal},
    state::migration::Migration,
};
use transhume_testkit::{
    connection::connect,
    pair::{Pair, Side, major},
    server::client_programs,
};
use transhume_wire::replication::SlotSnapshot;

use crate::migration::{ID, endpoints, record};

/// A condition that takes longer than this never comes.
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) struct Loading {
    pub(super) servers: Pair,
    pub(super) endpoints: Endpoints,
    pub(super) migration: Migration,
    pub(super) options: LoadOptions,
    pub(super) reporter: Reporter,
    pub(super) canceller: Canceller,
    pub(super) cancellation: Cancellation,
}

impl Loading {
    /// Two servers with a database `app` each and the state schema on the target.
    pub(super) async fn new(source_major: u32, target_major: u32) -> Self {
        let mut servers = Pair::new(source_major, target_major);
        servers.create_database("app").await.unwrap();
        let endpoints = endpoints(&servers);
        let migration = record(&endpoints, Selection::default()).await;
        let (canceller, cancellation) = cancellation();
        Self {
            servers,
            endpoints,
            migration,
            options: LoadOptions {
                loaders: Some(3),
                builders: Some(1),
                part_bytes: Some(300 << 10),
                rate_limit_bytes_per_second: None,
                snapshot_age_warning: None,
                snapshot_renewal: None,
                target_storage: None,
            },
            reporter: Reporter::silent(),
            canceller,
            cancellation,
        }
    }

    pub(super) async fn on_source(&self) -> Client {
        self.servers.connect(Side::Source).await
    }

    pub(super) async fn on_target(&self) -> Client {
        self.servers.connect(Side::Target).await
    }

    /// Runs the same SQL on both sides.
    pub(super) async fn on_both(&self, sql: &str) {
        self.servers.execute_on_both(sql).await;
    }

    /// Makes the source's tables on the target, without keys and indexes, as the schema phase does. The source's own
    /// pg_dump knows what its server keeps for itself.
    pub(super) fn restore_pre_data(&self) {
        let mut dump = Command::new(client_programs(major(&self.servers.source)).join("pg_dump"))
            .args(["--format=custom", "--section=pre-data", "--dbname"])
            .arg(&self.servers.source_url)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let restored = Command::new(client_programs(major(&self.servers.target)).join("pg_restore"))
            .args(["--exit-on-error", "--dbname"])
            .arg(&self.servers.target_url)
            .stdin(dump.stdout.take().unwrap())
            .status()
            .unwrap();
        assert!(dump.wait().unwrap().success() && restored.success());
    }

    /// A database `then` beside the source's that stays as the source is now. Nobody may be connected.
    pub(super) async fn remember_source(&self) -> String {
        let client = connect(&self.servers.source.url("postgres")).await.unwrap();
        until("the source has no sessions left", async || {
            client
                .batch_execute("CREATE DATABASE \"then\" TEMPLATE app")
                .await
                .map_err(|error| error.to_string())
        })
        .await;
        self.servers.source.url("then")
    }

    /// Makes the slot and takes over its snapshot.
    pub(super) async fn slot_snapshot(&mut self) -> SnapshotHolder {
        let mut connection = RawConnection::connect(&self.endpoints.source, "slot", Mode::Replication)
            .await
            .unwrap();
        let created = slot::create(
            &mut connection,
            &self.migration.slot_name,
            SlotSnapshot::Export,
            false,
        )
        .await
        .unwrap();
        let holder = SnapshotHolder::import(&self.endpoints.source, ID, &created.snapshot_name.unwrap())
            .await
            .unwrap();
        let source = self.endpoints.source_session(ID, "test").await.unwrap();
        self.migration.slot_xid_horizon = Some(wal::assign_xid(&source).await.unwrap());
        holder
    }

    pub(super) fn context(&self) -> LoadContext<'_> {
        LoadContext {
            endpoints: &self.endpoints,
            migration: &self.migration,
            options: &self.options,
            reporter: &self.reporter,
            cancellation: &self.cancellation,
        }
    }

    /// Plans and loads under the slot's snapshot.
    pub(super) async fn plan_and_load(&self, holder: SnapshotHolder) -> Result<()> {
        load::plan(&self.context(), &holder).await?;
        load::load(&self.context(), Some(holder)).await
    }

    /// Holds these open parts (a condition on part p and relation r) from every loader, until dropped.
    pub(super) async fn hold_parts(&self, condition: &str) -> Client {
        let client = self.on_target().await;
        let sql = format!(
            "BEGIN; SELECT FROM transhume.part p JOIN transhume.relation r USING (source_oid)
             WHERE {condition} FOR UPDATE OF p"
        );
        client.batch_execute(&sql).await.unwrap();
        client
    }

    pub(super) async fn count(&self, sql: &str) -> i64 {
        let client = self.on_target().await;
        client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until a query of one number on the target gives at least `wanted`.
    pub(super) async fn until_count(&self, sql: &str, wanted: i64) {
        until(sql, async || {
            let count = self.count(sql).await;
            if count >= wanted {
                Ok(())
            } else {
                Err(format!("{count} of {wanted}"))
            }
        })
        .await;
    }
}

/// Polls until `attempt` succeeds.
pub(super) async fn until(what: &str, attempt: impl AsyncFn() -> std::result::Result<(), String>) {
    let started = Instant::now();
    loop {
        match attempt().await {
            Ok(()) => return,
            Err(state) => assert!(
                started.elapsed() < DEADLINE,
                "waited in vain: {what}; last seen: {state}"
            ),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
