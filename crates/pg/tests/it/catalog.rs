//! What the catalogs say of a database with one object of every kind, on every version at hand.

use transhume_core::{
    assess::capability::VersionNumber,
    assess::observation::WideRow,
    sequence::Sequence,
    table::{Generation, Persistence, ReplicaIdentity, RowSecurity, Table, TableKind},
};
use transhume_pg::{
    catalog::{
        activity,
        altered::altered_since,
        collations, database, extensions, objects, ours, rights,
        sequences::sequences,
        table_facts::table_facts,
        tables::{names_of_tables, tables},
        wide_rows::wide_rows,
    },
    connection::session::Session,
    follow::{replica_identity, wal},
};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};
use transhume_wire::ident::QualifiedName;

use crate::connecting::settings;

const SHOP: &str = include_str!("sql/shop.sql");
const PREPARED: &str = include_str!("sql/prepared.sql");

async fn session(cluster: &transhume_demo::cluster::Cluster) -> Session {
    Session::connect(&settings(&cluster.url("postgres")), "transhume:test:catalog")
        .await
        .unwrap()
}

async fn shop(major: u32) -> (transhume_demo::cluster::Cluster, Session) {
    let options = transhume_demo::cluster::ClusterOptions::new(server::server(major))
        .setting("max_prepared_transactions", "5")
        .setting("wal_level", "logical");
    let cluster = server::start(options);
    let session = session(&cluster).await;
    session.batch_execute(SHOP).await.unwrap();
    (cluster, session)
}

fn named<'a>(tables: &'a [Table], name: &str) -> &'a Table {
    tables
        .iter()
        .find(|table| table.name.name == name)
        .unwrap_or_else(|| panic!("{name} is not among the tables"))
}

#[tokio::test]
async fn tables_come_with_columns_and_identity() {
    let (_cluster, session) = shop(EVERYDAY_MAJOR).await;
    let tables = tables(&session).await.unwrap();

    let keyed = named(&tables, "keyed");
    let columns: Vec<(&str, &str, Generation)> = keyed
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.type_name.as_str(), column.generation))
        .collect();
    assert_eq!(
        columns,
        [
            ("id", "bigint", Generation::Plain),
            ("name", "character varying(20)", Generation::Plain),
            ("colour", "shop.colour", Generation::Plain),
            ("total", "numeric(10,2)", Generation::Computed),
        ]
    );
    assert_eq!(keyed.identity_columns, ["id"]);
    assert_eq!(keyed.row_security, RowSecurity::Enabled);
    assert!(keyed.pages > 0 && keyed.bytes > 0, "{keyed:?}");

    let by_index = named(&tables, "by_index");
    assert_eq!(by_index.replica_identity, ReplicaIdentity::Index);
    assert_eq!(by_index.identity_columns, ["code", "region"]);
    assert_restores_index(&session, by_index).await;
    assert_eq!(by_index.columns[0].generation, Generation::IdentityAlways);

    let keyless = named(&tables, "keyless");
    assert_eq!(
        (keyless.identity_columns.len(), keyless.deferrable_key),
        (0, false)
    );
    assert_eq!(named(&tables, "whole").identity_columns, ["a"]);
    let deferred = named(&tables, "deferred");
    assert_eq!(
        (deferred.identity_columns.len(), deferred.deferrable_key),
        (0, true)
    );
    assert!(named(&tables, "columnless").columns.is_empty());
    assert_eq!(named(&tables, "scratch").persistence, Persistence::Unlogged);
    assert_eq!(named(&tables, "root").kind, TableKind::Partitioned);
    assert!(named(&tables, "leaf").is_partition);
    // Its rows would lie in other partitions on another server, those of root would not.
    let moved = |name: &str| named(&tables, name).moves_rows();
    assert_eq!(
        ["root", "leaf", "hashed", "hashed_leaf"].map(moved),
        [false, true, true, false]
    );
    assert_eq!(named(&tables, "hashed").stores()[0].name.name, "hashed_leaf");
    assert_eq!(named(&tables, "totals").kind, TableKind::MaterializedView);
    assert_eq!(named(&tables, "shown").kind, TableKind::View);
    assert_eq!(named(&tables, "we\"ird\n").identity_columns, ["i\"d"]);
    assert!(
        tables.iter().all(|table| table.name.schema == "shop"),
        "{tables:#?}"
    );
}

/// Set to FULL and back, an identity stands on its index again.
async fn assert_restores_index(session: &Session, table: &Table) {
    let full = replica_identity::set_full_statement(table);
    let back = replica_identity::restore(table).statement();
    session.batch_execute(&format!("{full}; {back}")).await.unwrap();
    let again = tables(session).await.unwrap();
    assert_eq!(named(&again, "by_index").identity_index, table.identity_index);
    assert!(table.identity_index.is_some() && back.contains("using index"));
}

#[tokio::test]
async fn tables_of_a_snapshot_are_read_in_its_transaction() {
    let (cluster, mut reader) = shop(EVERYDAY_MAJOR).await;
    let transaction = reader
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .start()
        .await
        .unwrap();
    let before = tables(transaction.client()).await.unwrap().len();
    session(&cluster)
        .await
        .batch_execute("create table shop.later ()")
        .await
        .unwrap();
    assert_eq!(tables(transaction.client()).await.unwrap().len(), before);
    transaction.commit().await.unwrap();
    assert_eq!(tables(&reader).await.unwrap().len(), before + 1);
}

#[tokio::test]
async fn sequences_are_read_with_what_setval_takes() {
    let (_cluster, session) = shop(EVERYDAY_MAJOR).await;
    let sequences = sequences(&session).await.unwrap();
    let named = |name: &str| -> &Sequence {
        sequences
            .iter()
            .find(|sequence| sequence.name.name == name)
            .unwrap()
    };
    let value = |name: &str| (named(name).last_value, named(name).is_called);
    assert_eq!(value("never"), (Some(7), false));
    assert_eq!(value("half"), (Some(42), false));
    assert_eq!(value("called"), (Some(1), true));
    assert_eq!((named("down").increment, named("down").cycle), (-2, true));
    let owner = named("keyed_id_seq").owned_by.clone().unwrap();
    assert_eq!((owner.column.as_str(), owner.identity), ("id", false));
    assert!(named("by_index_number_seq").owned_by.as_ref().unwrap().identity);
}

#[tokio::test]
async fn a_sequence_that_may_not_be_read_has_no_value() {
    let (cluster, owner) = shop(EVERYDAY_MAJOR).await;
    owner
        .batch_execute("create role stranger login; grant usage on schema shop to stranger")
        .await
        .unwrap();
    let url = cluster.url("postgres").replace("postgres@", "stranger@");
    let stranger = Session::connect(&settings(&url), "transhume:test:stranger")
        .await
        .unwrap();
    let sequences = sequences(&stranger).await.unwrap();
    assert!(!sequences.is_empty());
    assert!(sequences.iter().all(|sequence| sequence.last_value.is_none()));
    let rights = rights::table_rights(&stranger).await.unwrap();
    assert!(rights.iter().all(|rights| !rights.owned && !rights.readable));
}

#[tokio::test]
async fn special_columns_tables_and_triggers_are_found() {
    let (_cluster, session) = shop(EVERYDAY_MAJOR).await;
    let names =
        |found: &[QualifiedName]| -> Vec<String> { found.iter().map(|name| name.name.clone()).collect() };
    let columns = objects::name_columns(&session).await.unwrap();
    let columns: Vec<&str> = columns.iter().map(|column| column.column.as_str()).collect();
    assert_eq!(columns, ["direct", "listed", "inside", "renamed"]);
    assert_eq!(
        names(&objects::inheritance_children(&session).await.unwrap()),
        ["heir"]
    );
    let triggers = objects::firing_triggers(&session).await.unwrap();
    let triggers: Vec<(&str, &str)> = triggers
        .iter()
        .map(|trigger| (trigger.name.as_str(), trigger.mode.as_str()))
        .collect();
    assert_eq!(triggers, [("always", "ALWAYS"), ("replica", "REPLICA")]);
    assert_eq!(objects::large_objects(&session).await.unwrap(), 1);
}

#[tokio::test]
async fn materialized_views_come_in_the_order_in_which_they_can_be_refreshed() {
    let (_cluster, session) = shop(EVERYDAY_MAJOR).await;
    let views = objects::materialized_views(&session).await.unwrap();
    let views: Vec<(&str, i32, bool)> = views
        .iter()
        .map(|view| (view.name.name.as_str(), view.depth, view.populated))
        .collect();
    assert_eq!(
        views,
        [("totals", 0, true), ("above", 1, true), ("a_top", 2, false)]
    );
}

#[tokio::test]
async fn what_a_slot_would_wait_for_is_seen() {
    let (cluster, session) = shop(EVERYDAY_MAJOR).await;
    session.batch_execute(PREPARED).await.unwrap();
    let prepared = activity::prepared_transactions(&session).await.unwrap();
    assert_eq!(prepared[0].gid, "left 'behind'");
    assert!(activity::writing_transactions(&session).await.unwrap().is_empty());

    let other = Session::connect(&settings(&cluster.url("postgres")), "slow writer")
        .await
        .unwrap();
    other.batch_execute("begin; select txid_current()").await.unwrap();
    let writing = activity::writing_transactions(&session).await.unwrap();
    assert_eq!(writing[0].pid, other.backend_pid());
    assert_eq!(writing[0].application.as_deref(), Some("slow writer"));
}

#[tokio::test]
async fn what_changes_of_rows_are_read_by_is_seen_when_it_is_altered() {
    let (_cluster, session) = shop(EVERYDAY_MAJOR).await;
    let made = "create type public.mood as enum ('calm'); create type public.pair as (a int); create table public.moods (m public.mood, p public.pair)";
    session.batch_execute(made).await.unwrap();
    for (statement, name) in [
        ("truncate public.moods", "table public.moods"),
        (
            "alter table public.moods add column note text",
            "table public.moods",
        ),
        (
            "alter table public.moods alter column m set not null",
            "table public.moods",
        ),
        ("create table public.fresh (id int)", "table public.fresh"),
        ("alter type public.mood add value 'wild'", "type public.mood"),
        ("alter type public.pair add attribute b int", "table public.pair"),
        ("alter schema public rename to \"Public\"", "schema Public"),
        ("insert into \"Public\".moods (m) values ('calm')", ""),
        ("analyze \"Public\".moods; vacuum \"Public\".moods", ""),
        ("create index on \"Public\".moods (m)", ""),
        (
            "create temporary table own (id serial primary key, note text)",
            "",
        ),
    ] {
        let horizon = wal::next_xid(&session).await.unwrap();
        for one in statement.split("; ") {
            session.batch_execute(one).await.unwrap();
        }

        let altered = altered_since(&session, horizon).await.unwrap();

        assert_eq!(altered.unwrap_or_default(), name, "{statement}");
    }
}

#[tokio::test]
async fn slots_and_publications_of_ours_are_told_from_others() {
    let (_cluster, session) = shop(EVERYDAY_MAJOR).await;
    let made = [
        "create publication transhume_0123abcd",
        "create publication transhume_shop",
        "select pg_create_logical_replication_slot('transhume_0123abcd', 'pgoutput')",
        "select pg_create_physical_replication_slot('transhumexx')",
    ];
    for statement in made {
        session.batch_execute(statement).await.unwrap();
    }
    let found = ours::our_objects(&session).await.unwrap();
    assert_eq!(found.publications.len(), 1);
    assert_eq!(found.publications[0].name, "transhume_0123abcd");
    assert_eq!(found.publications[0].owner, "postgres");
    assert_eq!(found.slots.len(), 1);
    assert!(!found.slots[0].active && found.slots[0].retained_bytes.is_some());
    assert!(!ours::has_state(&session).await.unwrap());
}

#[tokio::test]
async fn every_query_runs_on_every_version() {
    let majors: Vec<u32> = (12..=18)
        .filter(|major| server::installed(*major).is_some())
        .collect();
    assert!(majors.contains(&EVERYDAY_MAJOR));
    for major in majors {
        let (_cluster, session) = shop(major).await;
        let version = VersionNumber(session.server_version().0);
        let database = database::database(&session, version).await.unwrap();
        assert_eq!(
            (database.encoding.as_str(), database.provider.as_str()),
            ("UTF8", "libc")
        );
        let all = tables(&session).await.unwrap();
        assert_eq!(all.len(), 20, "tables on {major}");
        let moved = all.iter().filter(|table| table.moves_rows()).count();
        assert_eq!(names_of_tables(&session).await.unwrap().len(), moved);
        let facts = table_facts(&*session, "none").await.unwrap();
        assert_eq!(facts.len(), moved);
        let trees = facts.iter().filter(|table| !table.partitions.is_empty());
        assert_eq!(trees.count(), 1, "trees on {major}");
        assert_eq!(
            sequences(&session).await.unwrap().len(),
            6,
            "sequences on {major}"
        );
        let horizon = wal::next_xid(&session).await.unwrap();
        assert_eq!(altered_since(&session, horizon).await.unwrap(), None);
        assert_eq!(objects::name_columns(&session).await.unwrap().len(), 4);
        assert_eq!(objects::event_triggers(&session).await.unwrap().len(), 1);
        assert_eq!(objects::materialized_views(&session).await.unwrap().len(), 3);
        assert_eq!(objects::inheritance_children(&session).await.unwrap().len(), 1);
        assert!(
            extensions::extensions(&session)
                .await
                .unwrap()
                .iter()
                .any(|found| found.name == "plpgsql")
        );
        assert!(extensions::extension_tables(&session).await.unwrap().is_empty());
        assert!(
            !extensions::available_extensions(&session)
                .await
                .unwrap()
                .is_empty()
        );
        let used = collations::used_collations(&session).await.unwrap();
        assert!(
            used.iter()
                .any(|collation| collation.name.name == "C" && collation.used),
            "{used:?}"
        );
        assert!(collations::offered_collations(&session).await.unwrap().len() > 2);
        let referenced = rights::referenced_roles(&session).await.unwrap();
        assert_eq!(referenced, ["shop_clerk", "shop_owner"], "roles on {major}");
        assert!(
            rights::roles(&session)
                .await
                .unwrap()
                .contains(&"postgres".to_owned())
        );
    }
}

#[tokio::test]
async fn a_row_that_takes_more_as_text_than_fits_is_found_by_its_lengths() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let session = session(&cluster).await;
    session
        .batch_execute(
            "create domain public.raw as bytea;
             create table public.\"a\"\"wide\" (id int, body public.raw, note text);
             insert into public.\"a\"\"wide\" values (1, decode(repeat('00', 600000), 'hex'), 'xyz'), (2, null, null);
             create table public.narrow (body bytea, note varchar);
             insert into public.narrow values (decode(repeat('00', 500000), 'hex'), null), (null, repeat('x', 1000000))",
        )
        .await
        .unwrap();
    let found = wide_rows(&session, 1_100_000).await.unwrap();
    assert_eq!(
        found.found,
        [WideRow {
            table: QualifiedName::new("public", "a\"wide"),
            bytes: 1_200_003,
        }]
    );
    assert_eq!(found.unseen, []);
    // Who may not read one says so of it alone.
    session
        .batch_execute("create role nobody; grant usage on schema public to nobody; set role nobody")
        .await
        .unwrap();
    let found = wide_rows(&session, 1_100_000).await.unwrap();
    assert_eq!((found.found.len(), found.unseen.len()), (0, 2));
}
