//! Constraints that nothing has checked on the target, and how many rows stand against each.

use transhume_wire::ident::QualifiedName;

use crate::{
    catalog::qualified_name,
    connection::{error::PgError, session::Session},
};

/// Counting ends here: one is enough to act upon.
pub const MOST_COUNTED: i64 = 1000;

#[derive(Debug, Clone)]
pub struct Doubtful {
    pub table: QualifiedName,
    pub constraint: String,
    pub is_foreign_key: bool,
    /// None where what it demands cannot be asked by a query of ours.
    query: Option<String>,
}

/// Those not validated or not checked while changes are applied; with `all`, all foreign keys too.
pub async fn doubtful_constraints(session: &Session, all: bool) -> Result<Vec<Doubtful>, PgError> {
    let rows = session
        .query(include_str!("sql/doubtful_constraints.sql"), &[&all])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Doubtful {
                table: qualified_name(row, "table_name")?,
                constraint: row.try_get("constraint_name")?,
                is_foreign_key: row.try_get("is_foreign_key")?,
                query: row.try_get("query")?,
            })
        })
        .collect()
}

/// Rows that break it: for a foreign key those without a counterpart, else keys (or pairs) that occur
/// twice; more than [`MOST_COUNTED`] where it stopped counting. None where it cannot be asked.
pub async fn count_against(session: &Session, constraint: &Doubtful) -> Result<Option<i64>, PgError> {
    let Some(query) = &constraint.query else {
        return Ok(None);
    };
    Ok(Some(session.query_one(query, &[]).await?.try_get(0)?))
}
