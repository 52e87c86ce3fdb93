//! What the state costs while a migration goes on for long: it stays small, and finding the frontier stays quick.

use serde_json::{Value, json};
use transhume_core::{selection::Selection, sides::Sides};
use transhume_pg::{
    connection::{
        conninfo::{ConnectionSettings, Environment},
        session::Session,
    },
    state::{
        apply::ADVANCE_FRONTIER,
        migration::{self, NewMigration, SourceIdentity},
        verification,
    },
};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};
use transhume_wire::lsn::Lsn;

const ID: &str = "0123abcd";
/// Versions of the frontier's row that fill some forty blocks.
const BATCHES: u64 = 4_000;
/// A look at the row by its place, its update, and a block more where a new one is begun.
const FEW_BLOCKS: i64 = 16;

async fn session(url: &str) -> Session {
    let settings = ConnectionSettings::parse(url, &Environment::default()).unwrap();
    Session::connect(&settings, "transhume:test:state").await.unwrap()
}

/// A target with the state of a migration that has just begun to follow.
async fn begun(url: &str) -> Session {
    let mut target = session(url).await;
    let new = NewMigration {
        id: ID.to_owned(),
        selection: Selection::default(),
        source_label: "source".to_owned(),
        identity: SourceIdentity {
            system: "1".to_owned(),
            database_oid: 1,
            database: "source".to_owned(),
            timeline: 1,
        },
        slot_name: format!("transhume_{ID}"),
        publication_name: format!("transhume_{ID}"),
    };
    migration::create(&mut target, &new).await.unwrap();
    migration::set_slot(&*target, Lsn(1), 0).await.unwrap();
    target
}

async fn number(target: &Session, query: &str) -> i64 {
    target.query_one(query, &[]).await.unwrap().get(0)
}

/// The statement with which a batch moves the frontier from `before` on by one.
fn advance(before: u64) -> String {
    let (before, after) = (Lsn(before), Lsn(before + 1));
    format!("execute advance('{after}', null, 1, 1, '{before}', null, null, null)")
}

/// A verification, a dump of the target: whoever keeps a snapshot keeps every version of the row.
#[tokio::test(flavor = "multi_thread")]
async fn the_frontier_is_found_at_once_whatever_a_snapshot_keeps_of_it() {
    let server = server::cluster(EVERYDAY_MAJOR);
    let target = begun(&server.url("postgres")).await;
    let keeper = session(&server.url("postgres")).await;
    keeper
        .batch_execute("begin isolation level repeatable read; select lsn from transhume.frontier")
        .await
        .unwrap();
    target
        .batch_execute(&format!("prepare advance as {ADVANCE_FRONTIER}"))
        .await
        .unwrap();
    // A statement of its own transaction each.
    for before in 1..BATCHES {
        target.batch_execute(&advance(before)).await.unwrap();
    }
    let blocks = "select pg_relation_size('transhume.frontier') / 8192";
    assert!(number(&target, blocks).await > 2 * FEW_BLOCKS);
    let explain = format!("explain (analyze, buffers, format json) {}", advance(BATCHES));
    let explained: Value = target.query_one(&explain, &[]).await.unwrap().get(0);
    let read = &explained[0]["Plan"]["Shared Hit Blocks"];
    assert!(read.as_i64().unwrap() < FEW_BLOCKS, "{explained:#}");

    // From elsewhere than it stands, and where somebody else has moved the row, it is refused or found all the same.
    target.batch_execute(&advance(BATCHES)).await.unwrap_err();
    keeper.batch_execute("rollback").await.unwrap();
    target
        .batch_execute("vacuum full transhume.frontier")
        .await
        .unwrap();
    target.batch_execute(&advance(BATCHES + 1)).await.unwrap();
    let stands = target.query_one("select lsn::text from transhume.frontier", &[]);
    let stands: String = stands.await.unwrap().get(0);
    assert_eq!(stands.parse::<Lsn>().unwrap(), Lsn(BATCHES + 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_former_verifications_left_is_forgotten() {
    let server = server::cluster(EVERYDAY_MAJOR);
    let target = begun(&server.url("postgres")).await;
    let again = async || {
        let settings = json!({});
        let begun = verification::begin(
            &target,
            Lsn(1),
            "recheck",
            Sides {
                source: "",
                target: "",
            },
            &settings,
        );
        begun.await.unwrap()
    };
    let first = again().await;
    target
        .batch_execute(&format!(
            "insert into transhume.verification_table (verification_id, schema_name, table_name, subject, lsn)
                 values ({first}, 'public', 'item', '{{}}', '0/1');
             insert into transhume.verification_row
                 (verification_id, schema_name, table_name, difference, key_columns, key, hash, row_count, columns)
                 values ({first}, 'public', 'item', 'missing', '{{}}', '{{}}', 1, 1, '{{}}');
             insert into transhume.marker (nonce, lsn, seen_at)
                 values ('old', '0/1', now() - interval '2 days'), ('new', '0/1', now());
             insert into transhume.command (name, state, requested_at)
                 values ('hold', 'done', now() - interval '8 days'), ('pause', 'active', now() - interval '8 days'),
                        ('hold', 'withdrawn', now())"
        ))
        .await
        .unwrap();
    for _ in 1..verification::KEPT {
        again().await;
    }
    // As many as are kept.
    let left = "select count(*) from transhume.verification_row";
    assert_eq!(number(&target, left).await, 1);
    again().await;
    assert_eq!(number(&target, left).await, 0);
    let left = [
        ("verification", verification::KEPT),
        ("verification_table", 0),
        ("marker", 1),
        ("command", 2),
    ];
    for (table, rows) in left {
        let count = format!("select count(*) from transhume.{table}");
        assert_eq!(number(&target, &count).await, rows, "{table}");
    }
}
