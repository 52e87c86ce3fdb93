//! Two servers with the same tables, a publication, a slot and a migration that is in phase follow.
#![allow(
    clippy::print_stderr,
    reason = "what a follow waited for explains a failed test"
)]

use std::time::Duration;

use tokio::{task::JoinHandle, time::Instant};
use transhume_core::{follow::error_policy::ErrorPolicy, selection::Selection};
use transhume_engine::{
    cancel::{Canceller, cancellation},
    endpoints::Endpoints,
    error::EngineError,
    follow::{FollowEnd, FollowRequest, SpillOptions, Until, follow},
    report::{Report, Reporter},
};
use transhume_pg::{
    connection::{conninfo::ConnectionSettings, session::Session},
    state::migration::{self, Migration},
};
use transhume_testkit::{Pair, oracle, proxy::Proxy};
use transhume_wire::lsn::Lsn;

use crate::migration::{endpoints, record, settings};

/// A follow that has nothing to wait for takes a second or two, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(25);

pub(super) struct Bench {
    pub(super) servers: Pair,
    pub(super) source: Session,
    pub(super) target: Session,
    pub(super) endpoints: Endpoints,
    pub(super) replica_role: bool,
    pub(super) on_error: ErrorPolicy,
    pub(super) spill: SpillOptions,
}

/// A follow that runs until it is stopped.
pub(super) struct Running {
    pub(super) task: JoinHandle<Result<FollowEnd, EngineError>>,
    canceller: Canceller,
}

impl Running {
    pub(super) async fn cancel(self) -> Result<FollowEnd, EngineError> {
        self.canceller.cancel();
        finished(self.task).await
    }

    pub(super) async fn ended(self) -> Result<FollowEnd, EngineError> {
        finished(self.task).await
    }
}

async fn finished(task: JoinHandle<Result<FollowEnd, EngineError>>) -> Result<FollowEnd, EngineError> {
    tokio::time::timeout(DEADLINE, task)
        .await
        .expect("the follow ends within its deadline")
        .expect("the follow does not panic")
}

/// A session of the test's own, which may leave `public` out of names.
pub(super) async fn session(settings: &ConnectionSettings) -> Session {
    let session = Session::connect(settings, "test").await.unwrap();
    session.batch_execute("set search_path = public").await.unwrap();
    session
}

impl Bench {
    /// Both servers get the same schema; all its tables are published and count as loaded, empty.
    pub(super) async fn new(schema: &str) -> Self {
        Self::with_schemas(schema, schema).await
    }

    pub(super) async fn with_schemas(source_schema: &str, target_schema: &str) -> Self {
        let mut bench = Self::servers().await;
        bench.source.batch_execute(source_schema).await.unwrap();
        bench.target.batch_execute(target_schema).await.unwrap();
        bench.begin_migration().await;
        bench
    }

    /// The source sends transactions of some size before their commit, and all of these are written early.
    pub(super) async fn in_progress(source_schema: &str, target_schema: &str) -> Self {
        let mut bench = Self::with_schemas(source_schema, target_schema).await;
        bench.spill.early_from_bytes = 1;
        bench
            .run("alter database postgres set logical_decoding_work_mem = '64kB'")
            .await;
        bench
    }

    pub(super) async fn servers() -> Self {
        let servers = Pair::everyday();
        let endpoints = endpoints(&servers);
        let source = session(&endpoints.source).await;
        let target = session(&endpoints.target).await;
        Self {
            servers,
            source,
            target,
            endpoints,
            replica_role: true,
            on_error: ErrorPolicy::default(),
            spill: SpillOptions::default(),
        }
    }

    /// What prepare and the full load leave behind, for empty tables.
    pub(super) async fn begin_migration(&mut self) {
        self.source
            .batch_execute(include_str!("sql/publication.sql"))
            .await
            .unwrap();
        record(&self.endpoints, Selection::default()).await;
        let slot = self
            .source
            .query_one(include_str!("sql/slot.sql"), &[])
            .await
            .unwrap();
        let point: Lsn = slot.get::<_, &str>(0).parse().unwrap();
        migration::set_slot(&*self.target, point, 0).await.unwrap();
        self.target
            .batch_execute(include_str!("sql/phase.sql"))
            .await
            .unwrap();
        for row in self
            .source
            .query(include_str!("sql/tables.sql"), &[])
            .await
            .unwrap()
        {
            let (oid, schema, name): (u32, String, String) = (row.get(0), row.get(1), row.get(2));
            let insert = include_str!("sql/loaded.sql");
            self.target
                .execute(insert, &[&oid, &schema, &name])
                .await
                .unwrap();
        }
    }

    pub(super) async fn migration(&self) -> Migration {
        migration::read(&self.target).await.unwrap().unwrap()
    }

    /// From now on the way to the target leads through a proxy.
    pub(super) async fn through_proxy(&mut self) -> Proxy {
        let proxy = Proxy::start(self.servers.target.port()).await;
        self.endpoints.target = settings(&proxy.through(&self.servers.target_url));
        proxy
    }

    /// New sessions of the test's own, after a server was started again.
    pub(super) async fn reconnect(&mut self) {
        self.source = session(&self.endpoints.source).await;
        self.target = session(&self.endpoints.target).await;
    }

    pub(super) async fn run(&self, statements: &str) {
        self.source.batch_execute(statements).await.unwrap();
    }

    pub(super) async fn source_end(&self) -> Lsn {
        let row = self
            .source
            .query_one("select pg_current_wal_insert_lsn()::text", &[])
            .await
            .unwrap();
        row.get::<_, &str>(0).parse().unwrap()
    }

    /// Starts to follow in a task of its own.
    pub(super) async fn start(&self, until: Until) -> Running {
        let (canceller, order) = cancellation();
        let (endpoints, migration) = (self.endpoints.clone(), self.migration().await);
        let (replica_role, on_error, spill) = (self.replica_role, self.on_error, self.spill.clone());
        let task = tokio::spawn(async move {
            let request = FollowRequest {
                endpoints: &endpoints,
                migration: &migration,
                replica_role,
                until,
                yields_to_tables: false,
                on_error,
                spill: &spill,
                schema_changes: None,
            };
            let (reporter, mut reports) = Reporter::channel();
            // What it waits for is what one wants to know of a test that does not end.
            tokio::spawn(async move {
                while let Some(report) = reports.recv().await {
                    if let Report::Waiting { reason } = report {
                        eprintln!("waiting: {reason}");
                    }
                }
            });
            let end = follow(request, &reporter, &order).await;
            eprintln!("ended: {end:?}");
            end
        });
        Running { task, canceller }
    }

    /// Follows until everything of now is applied.
    pub(super) async fn catch_up(&self) -> Result<FollowEnd, EngineError> {
        // The WAL end of an idle server is passed once something small comes behind it.
        let end = self.source_end().await;
        self.source
            .batch_execute("select pg_logical_emit_message(false, 'test', 'end')")
            .await
            .unwrap();
        self.start(Until::CaughtUp(end)).await.ended().await
    }

    /// Follows, then both sides hold the same rows.
    pub(super) async fn catch_up_and_compare(&self) {
        self.catch_up().await.unwrap();
        self.compare().await;
    }

    pub(super) async fn compare(&self) {
        let differences = oracle::row_differences(
            &self.servers.source_url,
            &self.servers.target_url,
            &oracle::Except::default(),
        )
        .await;
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }

    /// The single value of a query on the target, as text.
    pub(super) async fn on_target(&self, query: &str) -> String {
        value(&self.target, query).await
    }

    /// Waits until a query on the target gives this.
    pub(super) async fn wait_on_target(&self, query: &str, wanted: &str) {
        wait(&self.target, query, wanted).await;
    }

    /// Waits until a query on the source gives this.
    pub(super) async fn wait_on_source(&self, query: &str, wanted: &str) {
        wait(&self.source, query, wanted).await;
    }
}

/// The single value of a query, as text.
async fn value(session: &Session, query: &str) -> String {
    let as_text = format!("select (({query}))::text");
    let row = session.query_one(&as_text, &[]).await.unwrap();
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

async fn wait(session: &Session, query: &str, wanted: &str) {
    let end = Instant::now() + DEADLINE;
    loop {
        let found = value(session, query).await;
        if found == wanted {
            return;
        }
        assert!(Instant::now() < end, "{query} gives {found} instead of {wanted}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What stopped it: message and hint.
pub(super) fn stop_of(result: Result<FollowEnd, EngineError>) -> (String, String) {
    match result.unwrap_err() {
        EngineError::Stopped { message, hint, .. } => (message, hint),
        other => panic!("it ended otherwise: {other:?}"),
    }
}
