//! Rows are hashed alike by every version, and unlike where anything that their types print is unlike.

use std::collections::BTreeMap;

use transhume_core::verify::rows::{ComparedColumn, Cut, KeyedRow, Region, Subject};
use transhume_pg::{
    connection::{session::Session, snapshot::SnapshotHolder},
    verify::rows::{HashProbe, Reading, ReadingSide, probe_hashes},
};
use transhume_testkit::server::cluster;
use transhume_wire::ident::QualifiedName;

use crate::connecting::settings;

/// The oldest that is always there for tests, the everyday and the newest.
const VERSIONS: [u32; 3] = [13, 15, 18];

/// A column of every type that is hashed in a way of its own, some that are not, and rows that are easily taken for
/// each other.
const TABLES: &str = include_str!("sql/comparing.sql");

/// What the first version said, once and for all: a migration may compare with a server of tomorrow.
const PROBE: HashProbe = HashProbe {
    long_text: -8_802_196_229_965_376_938,
    short_text: 2_833_316_173_711_343_549,
    number: 2_680_678_629_745_458_417,
};

async fn subject(session: &Session, table: &str) -> Subject {
    let query = "select attname::text, atttypid from pg_attribute
                 where attrelid = to_regclass($1) and attnum > 0 order by attnum";
    let rows = session.query(query, &[&table]).await.unwrap();
    let column = |row: &tokio_postgres::Row| {
        let type_oid = row.get(1);
        ComparedColumn::new(row.get(0), type_oid, Some(type_oid))
    };
    Subject {
        table: QualifiedName::new("public", table),
        columns: rows.iter().map(column).collect(),
        key: Vec::new(),
        spread: Vec::new(),
        extremes: None,
        cut: Cut::Whole,
        is_sampled: false,
        is_partitioned: false,
    }
}

async fn hashes(session: &Session, snapshot: &str, table: &str) -> Vec<KeyedRow> {
    let subject = subject(session, table).await;
    let side = ReadingSide { session, snapshot };
    match side.keyed_rows(&subject, &Region::default()).await.unwrap() {
        Reading::Seen(rows) => rows,
        Reading::Moved => panic!("{table} has moved"),
    }
}

#[tokio::test]
async fn rows_are_hashed_alike_by_every_version() {
    let mut by_version = BTreeMap::new();
    for version in VERSIONS {
        let cluster = cluster(version);
        let url = cluster.url("postgres");
        let session = Session::connect(&settings(&url), "transhume:test:comparing")
            .await
            .unwrap();
        session.batch_execute(TABLES).await.unwrap();
        assert_eq!(probe_hashes(&session).await.unwrap(), PROBE, "version {version}");
        let holder = SnapshotHolder::fresh(&settings(&url), "test").await.unwrap();
        let every = hashes(&session, holder.name(), "every").await;
        let alike = hashes(&session, holder.name(), "alike").await;
        let mut distinct: Vec<i64> = alike.iter().map(|row| row.hash).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), alike.len(), "two rows share a hash: {alike:?}");
        by_version.insert(version, (every, alike));
    }
    let first = &by_version[&VERSIONS[0]];
    for (version, hashes) in &by_version {
        assert_eq!(hashes, first, "version {version} hashes otherwise");
    }
}
