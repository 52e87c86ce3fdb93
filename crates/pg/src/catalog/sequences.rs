//! Sequences with their present values.
//!
//! One query, and one more per [`UNCALLED_AT_ONCE`] sequences that were never called: a value set by
//! `setval(…, false)` is only in the sequence itself. Values are not transactional: a snapshot does
//! not freeze them.

use std::{collections::HashMap, fmt::Write as _};

use tokio_postgres::{Client, Row};
use transhume_core::sequence::{OwningColumn, Sequence};
use transhume_wire::ident::QualifiedName;

use crate::{catalog::qualified_name, connection::error::PgError};

const SEQUENCES: &str = include_str!("sql/sequences.sql");

/// Sequences read by one UNION ALL: each takes a lock, and the default lock table holds 64 per session.
const UNCALLED_AT_ONCE: usize = 50;

/// All user sequences; members of extensions left out. Ordered by name.
pub async fn sequences(client: &Client) -> Result<Vec<Sequence>, PgError> {
    let rows = client.query_typed(SEQUENCES, &[]).await?;
    let mut sequences = Vec::with_capacity(rows.len());
    let mut uncalled = Vec::new();
    for row in &rows {
        let sequence = sequence(row)?;
        if sequence.last_value.is_none() && row.try_get("readable")? {
            uncalled.push(sequences.len());
        }
        sequences.push(sequence);
    }
    for indexes in uncalled.chunks(UNCALLED_AT_ONCE) {
        let names: Vec<_> = indexes.iter().map(|index| &sequences[*index]).collect();
        let values = own_values(client, &names).await?;
        for index in indexes {
            let sequence = &mut sequences[*index];
            if let Some((last_value, is_called)) = values.get(&sequence.oid) {
                sequence.last_value = Some(*last_value);
                sequence.is_called = *is_called;
            }
        }
    }
    Ok(sequences)
}

/// What the sequences themselves hold: value and whether it was given out, by OID.
async fn own_values(client: &Client, sequences: &[&Sequence]) -> Result<HashMap<u32, (i64, bool)>, PgError> {
    let mut sql = String::new();
    for sequence in sequences {
        let separator = if sql.is_empty() { "" } else { "\nunion all " };
        write!(
            sql,
            "{separator}select '{}'::pg_catalog.oid, last_value, is_called from {}",
            sequence.oid, sequence.name
        )
        .expect("writing to a string does not fail");
    }
    let rows = client.query_typed(&sql, &[]).await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?))))
        .collect()
}

fn sequence(row: &Row) -> Result<Sequence, PgError> {
    let last_value: Option<i64> = row.try_get("last_value")?;
    let owning_table: Option<String> = row.try_get("owned_by_table")?;
    let owned_by = match owning_table {
        Some(table) => Some(OwningColumn {
            table: QualifiedName::new(row.try_get::<_, String>("owned_by_schema")?, table),
            column: row.try_get("owned_by_column")?,
            identity: row.try_get("is_identity")?,
        }),
        None => None,
    };
    Ok(Sequence {
        oid: row.try_get("oid")?,
        name: qualified_name(row, "sequence_name")?,
        type_name: row.try_get("type_name")?,
        start: row.try_get("start_value")?,
        min: row.try_get("min_value")?,
        max: row.try_get("max_value")?,
        increment: row.try_get("increment")?,
        cache: row.try_get("cache")?,
        cycle: row.try_get("cycle")?,
        last_value,
        is_called: last_value.is_some(),
        owned_by,
        owner: row.try_get("owner")?,
    })
}
