//! Reads whole databases and the oracle's slot, as text that can be compared with what test_decoding prints.

use std::collections::{BTreeMap, BTreeSet};

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
        let (key, query): (Vec<i32>, String) = (table.get(4), table.get(3));
        let rows = told(client.query(&query, &[]).await)?;
        let store = name(table.get(0), table.get(1));
        let tree: Option<Vec<String>> = table.get(5);
        let under = match tree.as_deref() {
            Some([schema, tree]) => name(schema.clone(), tree.clone()),
            _ => store.clone(),
        };
        // Partitions of a tree have the same columns, which are in the order of their names.
        let contents = found.entry(under).or_insert_with(|| Contents {
            columns: table.get(2),
            key: key
                .into_iter()
                .filter_map(|place| usize::try_from(place).ok())
                .collect(),
            ..Contents::default()
        });
        contents.stores.push(store);
        contents.rows.extend(rows.iter().map(|row| row.get::<_, Row>(0)));
    }
    Ok(found)
}

/// What a transaction of one snapshot shows of the database.
#[derive(Debug, Default)]
pub(super) struct Frozen {
    pub(super) tables: BTreeMap<String, Contents>,
    /// Truncated since the snapshot, perhaps before they were read, which no snapshot sees past: nothing is known of these.
    pub(super) rewritten: BTreeSet<String>,
}

/// As [`contents`], for a transaction of one snapshot.
pub(super) async fn frozen(client: &Client) -> Outcome<Frozen> {
    let mut tables = contents(client).await?;
    let rewritten = told(client.query(include_str!("sql/rewritten.sql"), &[]).await)?;
    let stores: BTreeSet<String> = rewritten.iter().map(|row| name(row.get(0), row.get(1))).collect();
    let is_rewritten = |contents: &Contents| contents.stores.iter().any(|store| stores.contains(store));
    let rewritten = tables.iter().filter(|(_, contents)| is_rewritten(contents));
    let rewritten = rewritten.map(|(name, _)| name.clone()).collect();
    tables.retain(|_, contents| !is_rewritten(contents));
    Ok(Frozen { tables, rewritten })
}

/// As the server quotes it.
fn name(schema: String, table: String) -> String {
    let name = QualifiedName::new(schema, table);
    format!("{}.{}", name.schema, name.name)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        connection::connect_canonical,
        server::{EVERYDAY_MAJOR, cluster},
    };

    /// Found by seed 6: the target may place such a row in another partition than the source, and it is there all the same.
    #[tokio::test]
    async fn partitions_by_a_hash_of_an_enum_are_read_as_one_table_and_others_singly() -> Outcome {
        let server = cluster(EVERYDAY_MAJOR);
        let client = told(connect_canonical(&server.url("postgres")).await)?;
        let tables = "CREATE TYPE public.mood AS ENUM ('sad', 'glad'); \
                      CREATE TABLE public.m (id integer, mood public.mood) PARTITION BY HASH (mood); \
                      CREATE TABLE public.m_0 PARTITION OF public.m FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
                      CREATE TABLE public.m_1 PARTITION OF public.m FOR VALUES WITH (MODULUS 2, REMAINDER 1); \
                      INSERT INTO public.m VALUES (1, 'sad'), (2, 'glad'); \
                      CREATE TABLE public.n (id integer) PARTITION BY HASH (id); \
                      CREATE TABLE public.n_0 PARTITION OF public.n FOR VALUES WITH (MODULUS 1, REMAINDER 0)";
        told(client.batch_execute(tables).await)?;
        let found = contents(&client).await?;
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["public.m", "public.n_0"]);
        let mut stores = found["public.m"].stores.clone();
        stores.sort();
        assert_eq!((stores.len(), found["public.m"].rows.len()), (2, 2), "{found:?}");
        Ok(())
    }

    /// Found by seed 7: the target truncated a table between the judge's snapshot and its reading, so rows seemed lost.
    #[tokio::test]
    async fn what_was_truncated_under_the_judge_s_eyes_is_not_judged() -> Outcome {
        let server = cluster(EVERYDAY_MAJOR);
        let (judge, other) = (
            told(connect_canonical(&server.url("postgres")).await)?,
            told(connect_canonical(&server.url("postgres")).await)?,
        );
        let table = "CREATE TABLE public.t (a integer); INSERT INTO public.t VALUES (1)";
        told(other.batch_execute(table).await)?;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1";
        told(judge.batch_execute(begin).await)?;
        let found = frozen(&judge).await?;
        assert_eq!(
            (found.tables["public.t"].rows.len(), found.rewritten.len()),
            (1, 0)
        );

        told(judge.batch_execute("COMMIT").await)?;
        told(judge.batch_execute(begin).await)?;
        told(other.batch_execute("TRUNCATE public.t").await)?;
        let found = frozen(&judge).await?;
        assert!(
            found.tables.is_empty() && found.rewritten.contains("public.t"),
            "{found:?}"
        );
        Ok(())
    }
}
