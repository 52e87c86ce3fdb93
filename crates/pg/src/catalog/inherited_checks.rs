//! Checks that are validated where those that they are inherited from are not.
//!
//! A dump prints an inherited check with its parent's alone, so that a restore validates neither.

use tokio_postgres::Client;
use transhume_wire::ident::{QualifiedName, quote_identifier};

use super::qualified_name;
use crate::connection::error::PgError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InheritedCheck {
    pub table: QualifiedName,
    name: String,
}

impl InheritedCheck {
    /// Reads the table's rows, and keeps nobody from writing.
    pub fn validation(&self) -> String {
        let name = quote_identifier(&self.name);
        format!("ALTER TABLE {} VALIDATE CONSTRAINT {name}", self.table)
    }
}

/// Those of the source below the checks with these OIDs.
pub async fn validated_below(source: &Client, checks: &[u32]) -> Result<Vec<InheritedCheck>, PgError> {
    let rows = source
        .query(include_str!("sql/inherited_checks.sql"), &[&checks])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(InheritedCheck {
                table: qualified_name(row, "table_name")?,
                name: row.try_get("constraint_name")?,
            })
        })
        .collect()
}

/// Those that the target has, and has not validated.
pub async fn unvalidated(
    target: &Client,
    checks: Vec<InheritedCheck>,
) -> Result<Vec<InheritedCheck>, PgError> {
    let texts = |of: fn(&InheritedCheck) -> &str| checks.iter().map(of).collect::<Vec<_>>();
    let (schemas, tables) = (
        texts(|check| &check.table.schema),
        texts(|check| &check.table.name),
    );
    let names = texts(|check| &check.name);
    let rows = target
        .query(
            include_str!("sql/unvalidated_checks.sql"),
            &[&schemas, &tables, &names],
        )
        .await?;
    let places: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let numbered = (1..).zip(checks);
    Ok(numbered
        .filter(|(place, _)| places.contains(place))
        .map(|(_, check)| check)
        .collect())
}
