//! Two servers and a migration between them, without slot and stream: the schema needs only a snapshot.

use std::path::Path;

use tokio_postgres::Client;
use transhume_core::selection::{Selection, Selector};
use transhume_demo::cluster::Cluster;
use transhume_engine::{
    cancel::{Cancellation, Canceller, cancellation},
    endpoints::Endpoints,
    error::Result,
    report::Reporter,
    schema::{self, GrantMoment, SchemaOptions, SchemaWork},
};
use transhume_pg::{
    connection::{
        conninfo::{ConnectionSettings, Environment},
        session::Session,
    },
    state::migration::{self, Migration, NewMigration, SourceIdentity},
};
use transhume_testkit::{cluster, connection};

pub(crate) struct Pair {
    pub(crate) source: Cluster,
    pub(crate) target: Cluster,
    pub(crate) endpoints: Endpoints,
    pub(crate) migration: Migration,
    pub(crate) selector: Selector,
    pub(crate) options: SchemaOptions,
    reporter: Reporter,
    cancellation: Cancellation,
    _canceller: Canceller,
}

pub(crate) fn settings(url: &str) -> ConnectionSettings {
    ConnectionSettings::parse(url, &Environment::of([])).unwrap()
}

/// Runs SQL on the source before the migration is made.
pub(crate) async fn pair(source_sql: &str, target_sql: &str) -> Pair {
    pair_as(source_sql, target_sql, "postgres", &[]).await
}

pub(crate) async fn pair_as(source_sql: &str, target_sql: &str, target_role: &str, include: &[&str]) -> Pair {
    let (source, target) = (cluster(15), cluster(15));
    for (url, sql) in [
        (source.url("postgres"), source_sql),
        (target.url("postgres"), target_sql),
    ] {
        let client = connection::connect(&url).await.unwrap();
        if let Err(error) = client.batch_execute(sql).await {
            panic!("{}", connection::describe(&error));
        }
    }
    of(source, target, "postgres", target_role, include).await
}

pub(crate) async fn of(
    source: Cluster,
    target: Cluster,
    database: &str,
    target_role: &str,
    include: &[&str],
) -> Pair {
    let target_url = target
        .url(database)
        .replace("postgres@", &format!("{target_role}@"));
    let endpoints = Endpoints {
        source: settings(&source.url(database)),
        target: settings(&target_url),
    };
    let selection = Selection {
        include: include.iter().map(ToString::to_string).collect(),
        ..Selection::default()
    };
    let selector = selection.selector().unwrap();
    let new = NewMigration {
        id: "0123abcd".into(),
        selection,
        source_label: "test".into(),
        identity: SourceIdentity {
            system: "1".into(),
            database_oid: 5,
            database: database.into(),
            timeline: 1,
        },
        slot_name: "transhume_0123abcd".into(),
        publication_name: "transhume_0123abcd".into(),
    };
    let mut session = Session::connect(&endpoints.target, "test").await.unwrap();
    migration::create(&mut session, &new).await.unwrap();
    let migration = migration::read(&session).await.unwrap().unwrap();
    let reporter = Reporter::silent();
    let (canceller, cancellation) = cancellation();
    let options = SchemaOptions::new(None, true);
    Pair {
        source,
        target,
        endpoints,
        migration,
        selector,
        options,
        reporter,
        cancellation,
        _canceller: canceller,
    }
}

impl Pair {
    pub(crate) fn work(&self) -> SchemaWork<'_> {
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

    pub(crate) async fn source_client(&self) -> Client {
        connection::connect(&self.source.url(self.endpoints.source.database()))
            .await
            .unwrap()
    }

    pub(crate) async fn target_client(&self) -> Client {
        connection::connect(&self.target.url(self.endpoints.target.database()))
            .await
            .unwrap()
    }

    pub(crate) async fn dump(&self) -> Result<()> {
        let holder = self.source_client().await;
        holder
            .batch_execute("begin isolation level repeatable read")
            .await
            .unwrap();
        let snapshot: String = holder
            .query_one("select pg_catalog.pg_export_snapshot()", &[])
            .await
            .unwrap()
            .get(0);
        schema::dump(&self.work(), &snapshot).await
    }

    /// All steps, with the tables of the source taken as loaded and empty.
    pub(crate) async fn whole_way(&self) -> Result<()> {
        self.dump().await?;
        schema::pre_data(&self.work()).await?;
        schema::owners_and_grants(&self.work(), GrantMoment::BeforeData).await?;
        self.load_nothing().await;
        schema::plan_builds(&self.work()).await?;
        self.build().await;
        schema::post_data(&self.work()).await?;
        schema::owners_and_grants(&self.work(), GrantMoment::AfterData).await
    }

    pub(crate) async fn load_nothing(&self) {
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
    pub(crate) async fn build(&self) {
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
    pub(crate) async fn schema_text(&self, cluster: &Cluster, arguments: &[&str]) -> String {
        let output = tokio::process::Command::new(Path::new(cluster.binaries()).join("pg_dump"))
            .args(["--schema-only", "--exclude-schema=transhume"])
            .args(arguments)
            .arg(cluster.url(self.endpoints.source.database()))
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

    pub(crate) async fn assert_same_schema(&self, arguments: &[&str]) {
        let source = self.schema_text(&self.source, arguments).await;
        let target = self.schema_text(&self.target, arguments).await;
        if source != target {
            let different = source
                .lines()
                .zip(target.lines())
                .find(|(one, other)| one != other);
            panic!("first difference: {different:?}\n--- target ---\n{target}");
        }
    }

    pub(crate) async fn findings(&self) -> Vec<(String, String)> {
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

    pub(crate) async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(&self, sql: &str) -> T {
        self.target_client()
            .await
            .query_one(sql, &[])
            .await
            .unwrap()
            .get(0)
    }
}
