//! Equality of tables as multisets of rows in text form, columns by name.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use tokio_postgres::Client;
use transhume_wire::ident::{QualifiedName, quote_identifier};

use super::{Except, read};

const TABLES: &str = include_str!("sql/tables.sql");

/// More rows of one table say nothing new.
const ROWS_SHOWN: usize = 5;
/// A document of some kilobytes would hide the rest.
const BYTES_SHOWN: usize = 300;

/// What is compared of a table.
#[derive(PartialEq)]
struct Compared {
    /// In the order of their names.
    columns: Vec<String>,
    is_partitioned: bool,
}

type Tables = BTreeMap<QualifiedName, Compared>;

pub(super) async fn differences(source: &Client, target: &Client, except: &Except) -> Vec<String> {
    let (source_tables, target_tables) = (tables(source, except).await, tables(target, except).await);
    let mut found = Vec::new();
    for (table, compared) in &source_tables {
        let columns = &compared.columns;
        match target_tables.get(table) {
            None => found.push(format!("rows of {table}: the table is missing on the target")),
            Some(other) if other.is_partitioned != compared.is_partitioned => {
                found.push(format!("rows of {table}: it is partitioned on one side only"));
            }
            Some(other) if other != compared => {
                found.push(format!(
                    "rows of {table}: columns {columns:?} became {:?}",
                    other.columns
                ));
            }
            Some(_) => {
                let (left, right) =
                    tokio::join!(dump(source, table, compared), dump(target, table, compared));
                found.extend(difference(table, &left, &right));
            }
        }
    }
    let surplus = target_tables
        .keys()
        .filter(|table| !source_tables.contains_key(table));
    found.extend(surplus.map(|table| format!("rows of {table}: the table is surplus on the target")));
    found
}

async fn tables(client: &Client, except: &Except) -> Tables {
    let rows = read(client.query(TABLES, &[]).await, "the list of tables");
    let tables = rows.iter().map(|row| {
        let name = QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1));
        let mut columns: Vec<String> = row.get(2);
        columns.sort();
        let is_partitioned = row.get(3);
        (
            name,
            Compared {
                columns,
                is_partitioned,
            },
        )
    });
    let wanted = |name: &QualifiedName| !except.tables.contains(&format!("{}.{}", name.schema, name.name));
    tables.filter(|(name, _)| wanted(name)).collect()
}

/// All rows as lines of COPY's text format, sorted by their bytes.
async fn dump(client: &Client, table: &QualifiedName, compared: &Compared) -> Vec<Vec<u8>> {
    let columns: Vec<String> = compared
        .columns
        .iter()
        .map(|name| quote_identifier(name))
        .collect();
    let row = format!("ROW({})::text COLLATE \"C\"", columns.join(", "));
    let columns = columns.join(", ");
    let only = if compared.is_partitioned { "" } else { "ONLY " };
    let copy = format!("COPY (SELECT {columns} FROM {only}{table} ORDER BY {row}) TO STDOUT");
    let stream = read(client.copy_out(&copy).await, &table.to_string());
    let text: Vec<_> = read(stream.try_collect().await, &table.to_string());
    let text = text.concat();
    // A line break inside a value is escaped, so each one ends a row.
    let mut lines: Vec<Vec<u8>> = text
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    lines.sort();
    lines
}

fn difference(table: &QualifiedName, source: &[Vec<u8>], target: &[Vec<u8>]) -> Option<String> {
    let mut surplus: BTreeMap<&[u8], i64> = BTreeMap::new();
    for row in source {
        *surplus.entry(row).or_default() -= 1;
    }
    for row in target {
        *surplus.entry(row).or_default() += 1;
    }
    surplus.retain(|_, count| *count != 0);
    if surplus.is_empty() {
        return None;
    }
    let shown = surplus.iter().take(ROWS_SHOWN).map(|(row, count)| {
        let side = if *count < 0 { "missing" } else { "surplus" };
        let text = String::from_utf8_lossy(&row[..row.len().min(BYTES_SHOWN)]);
        format!(
            "\n    {side} on the target {} times: {}",
            count.abs(),
            text.trim_end_matches('\n')
        )
    });
    let shown: String = shown.collect();
    Some(format!(
        "rows of {table}: {} on the source, {} on the target, {} distinct rows differ{shown}",
        source.len(),
        target.len(),
        surplus.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(texts: &[&str]) -> Vec<Vec<u8>> {
        texts
            .iter()
            .map(|text| format!("{text}\n").into_bytes())
            .collect()
    }

    #[test]
    fn a_row_that_is_there_twice_is_not_there_once() {
        let table = QualifiedName::new("s", "t");
        assert_eq!(difference(&table, &rows(&["a", "b"]), &rows(&["b", "a"])), None);
        let found = difference(&table, &rows(&["a", "b"]), &rows(&["a", "a", "b"])).unwrap();
        assert!(found.contains("surplus on the target 1 times: a"), "{found}");
        let found = difference(&table, &rows(&["a", "b"]), &rows(&["a", "c"])).unwrap();
        assert!(found.contains("missing on the target 1 times: b"), "{found}");
    }
}
