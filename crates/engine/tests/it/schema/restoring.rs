//! Two servers and a migration between them, without slot and stream: the schema needs only a snapshot.

use tokio_postgres::Client;
use transhume_core::selection::{Selection, Selector};
use transhume_engine::{
    cancel::{Cancellation, Canceller, cancellation},
    endpoints::Endpoints,
    error::Result,
    report::Reporter,
    schema::{self, GrantMoment, SchemaOptions, SchemaWork},
};
use transhume_pg::{
    connection::{session::Session, snapshot::SnapshotHolder},
    state::migration::Migration,
};
use transhume_testkit::{
    connection,
    pair::{Pair, Side},
};

use crate::migration::{endpoints, record, settings};

pub(super) struct Restoring {
    pub(super) servers: Pair,
    pub(super) endpoints: Endpoints,
    pub(super) migration: Migration,
    pub(super) selector: Selector,
    pub(super) options: SchemaOptions,
    reporter: Reporter,
    cancellation: Cancellation,
    _canceller: Canceller,
}

/// Runs SQL on the source before the migration is made.
pub(super) async fn restoring(source_sql: &str, target_sql: &str) -> Restoring {
    restoring_as(source_sql, target_sql, "postgres", &[]).await
}

pub(super) async fn restoring_as(
    source_sql: &str,
    target_sql: &str,
    target_role: &str,
    include: &[&str],
) -> Restoring {
    let servers = Pair::everyday();
    servers.execute(Side::Source, source_sql).await;
    servers.execute(Side::Target, target_sql).await;
    of(servers, target_role, include).await
}

pub(super) async fn of(servers: Pair, target_role: &str, include: &[&str]) -> Restoring {
    let mut endpoints = endpoints(&servers);
    let as_role = format!("{target_role}@");
    endpoints.target = settings(&servers.target_url.replace("postgres@", &as_role));
    let selection = Selection {
        include: include.iter().map(ToString::to_string).collect(),
        ..Selection::default()
    };
    let selector = selection.selector().unwrap();
    let migration = record(&endpoints, selection).await;
    let reporter = Reporter::silent();
    let (canceller, cancellation) = cancellation();
    let options = SchemaOptions::new(None, true);
    Restoring {
        servers,
        endpoints,
        migration,
        selector,
        options,
        reporter,
        cancellation,
        _canceller: canceller,
    }
}

impl Restoring {
    pub(super) fn work(&self) -> SchemaWork<'_> {
        SchemaWork {
            endpoints: &self.endpoints,
            migration: &self.migration,
            selector: &self.selector,
            options: &self.options,
            reporter: &self.reporter,
            cancellation: &self.cancellation,
            addition: None,
        }
    }

    pub(super) async fn source_client(&self) -> Client {
        self.servers.connect(Side::Source).await
    }

    pub(super) async fn target_client(&self) -> Client {
        self.servers.connect(Side::Target).await
    }

    pub(super) async fn dump(&self) -> Result<()> {
        let holder = SnapshotHolder::fresh(&self.endpoints.source, &self.migration.id).await;
        Box::pin(schema::dump(&self.work(), &holder.unwrap())).await
    }

    /// All steps, with the tables of the source taken as loaded and empty.
    pub(super) async fn whole_way(&self) -> Result<()> {
        self.dump().await?;
        schema::pre_data(&self.work()).await?;
        schema::owners_and_grants(&self.work(), GrantMoment::BeforeData).await?;
        self.load_nothing().await;
        schema::plan_builds(&self.work()).await?;
        self.build().await;
        schema::post_data(&self.work()).await?;
        schema::owners_and_grants(&self.work(), GrantMoment::AfterData).await
    }

    pub(super) async fn load_nothing(&self) {
        let tables = self
            .source_client()
            .await
            .query(
                "select c.oid, n.nspname::text, c.relname::text from pg_catalog.pg_class c \
                 join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
                 where c.relkind = 'r' and c.oid >= 16384 and n.nspname not like 'pg\\_%'",
                &[],
            )
            .await
            .unwrap();
        let target = self.target_client().await;
        for row in tables {
            let (oid, schema, table): (u32, String, String) = (row.get(0), row.get(1), row.get(2));
            let present = transhume_wire::ident::QualifiedName::new(schema.clone(), table.clone()).lookup();
            target
                .execute(
                    "insert into transhume.relation (source_oid, schema_name, table_name, state, columns, format, \
                     format_reason, rows_estimate, bytes) \
                     select $1, $2, $3, 'loaded', '{}', 'text', '', 0, 0 where pg_catalog.to_regclass($4) is not null",
                    &[&oid, &schema, &table, &present],
                )
                .await
                .unwrap();
        }
    }

    /// Executes the build work by rank, as the load does, each row in a transaction.
    pub(super) async fn build(&self) {
        let session = Session::connect(&self.endpoints.target, "test").await.unwrap();
        let rows = session
            .query("select id, name, statements from transhume.build where done_at is null and not held_until_cutover order by rank, id", &[])
            .await
            .unwrap();
        for row in rows {
            let (id, name, statements): (i64, String, Vec<String>) = (row.get(0), row.get(1), row.get(2));
            session.batch_execute("begin").await.unwrap();
            for statement in statements {
                if let Err(error) = session.batch_execute(&statement).await {
                    panic!("{name}: {statement}: {}", connection::describe(&error));
                }
            }
            session
                .execute("update transhume.build set done_at = now() where id = $1", &[&id])
                .await
                .unwrap();
            session.batch_execute("commit").await.unwrap();
        }
    }

    /// The schema as pg_dump prints it, without what differs by nature.
    pub(super) async fn schema_text(&self, side: Side, arguments: &[&str]) -> String {
        let output = tokio::process::Command::new(self.servers.server(side).binaries().join("pg_dump"))
            .args(["--schema-only", "--exclude-schema=transhume"])
            .args(arguments)
            .arg(self.servers.url(side))
            .output()
            .await
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(super) async fn assert_same_schema(&self, arguments: &[&str]) {
        let source = self.schema_text(Side::Source, arguments).await;
        let target = self.schema_text(Side::Target, arguments).await;
        if source != target {
            let different = source
                .lines()
                .zip(target.lines())
                .find(|(one, other)| one != other);
            panic!("first difference: {different:?}\n--- target ---\n{target}");
        }
    }

    pub(super) async fn findings(&self) -> Vec<(String, String)> {
        let rows = self
            .target_client()
            .await
            .query(
                "select code, message || ' / ' || remedy from transhume.finding order by id",
                &[],
            )
            .await
            .unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    pub(super) async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(&self, sql: &str) -> T {
        self.target_client()
            .await
            .query_one(sql, &[])
            .await
            .unwrap()
            .get(0)
    }
}
