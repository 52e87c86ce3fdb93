//! Reads whole databases and the oracle's slot, as text that can be compared with what test_decoding prints.

use std::collections::BTreeMap;

use tokio_postgres::Client;
use transhume_wire::ident::QualifiedName;

use super::{
    decoded::{self, Decoded},
    model::{Contents, Model, Row},
};
use crate::connection::describe;

/// The oracle's own slot; made before the product's, so that it misses nothing.
pub(super) const SLOT: &str = "torture_oracle";

/// Logged tables with their columns and the places of those that identify a row.
const TABLES: &str = include_str!("sql/tables.sql");

pub(super) type Outcome<T = ()> = Result<T, String>;

pub(super) fn told<T>(outcome: Result<T, tokio_postgres::Error>) -> Outcome<T> {
    outcome.map_err(|error| describe(&error))
}

/// Everything that the client's snapshot shows.
pub(super) async fn contents(client: &Client) -> Outcome<BTreeMap<String, Contents>> {
    let mut found = BTreeMap::new();
    for table in told(client.query(TABLES, &[]).await)? {
        let (schema, name): (String, String) = (table.get(0), table.get(1));
        let columns: Vec<String> = table.get(2);
        let key: Vec<i32> = table.get(4);
        let query: String = table.get(3);
        let rows = told(client.query(&query, &[]).await)?;
        let contents = Contents {
            columns,
            key: key
                .into_iter()
                .filter_map(|place| usize::try_from(place).ok())
                .collect(),
            rows: rows.iter().map(|row| row.get::<_, Row>(0)).collect(),
        };
        let name = QualifiedName::new(schema, name);
        found.insert(format!("{}.{}", name.schema, name.name), contents);
    }
    Ok(found)
}

/// Hands all that was committed since the last call to the model.
pub(super) async fn drain(source: &Client, model: &mut Model) -> Outcome {
    let query = format!(
        "SELECT pg_catalog.pg_wal_lsn_diff(lsn, '0/0')::bigint, data \
         FROM pg_catalog.pg_logical_slot_peek_changes('{SLOT}', NULL, NULL)"
    );
    let rows = told(source.query(&query, &[]).await)?;
    let (mut last, mut arriving) = (None, Vec::new());
    for row in &rows {
        match decoded::read(row.get(1))? {
            Decoded::Commit => {
                let end = row.get::<_, i64>(0).unsigned_abs();
                model.hear(end, std::mem::take(&mut arriving));
                last = Some(end);
            }
            Decoded::Nothing => {}
            change => arriving.push(change),
        }
    }
    if let Some(last) = last {
        let advance = format!(
            "SELECT pg_catalog.pg_replication_slot_advance('{SLOT}', '{}')",
            super::lsn_text(last)
        );
        // If this is lost, the same is read again.
        let _ = source.batch_execute(&advance).await;
    }
    Ok(())
}
