//! What evaluates functions of users while rows come, and a few rows of the source to try that with.
//!
//! Rows are read as literals, so that one statement writes them where no COPY is at hand. Nothing is evaluated on the source.

use tokio_postgres::Client;
use transhume_wire::ident::QualifiedName;

use super::qualified_name;
use crate::connection::error::PgError;

/// Rows of a table: what fails for want of a name fails with the first.
const ROWS: usize = 20;

/// Bytes of a row as a literal; larger ones are no cheap try.
const WIDTH: usize = 100_000;

/// A table or materialized view that evaluates functions, or may be refused for what its values name.
#[derive(Debug, Clone)]
pub struct Evaluation {
    pub oid: u32,
    pub name: QualifiedName,
    pub is_view: bool,
    /// Statistics of expressions are among what evaluates functions.
    pub has_statistics: bool,
    /// A function at work is not immutable: it may read other tables.
    pub reads_others: bool,
    /// Statements that give a search path to those functions that have none of their own.
    pub remedies: Vec<String>,
    columns: Vec<String>,
}

/// All of the source.
pub async fn evaluations(source: &Client) -> Result<Vec<Evaluation>, PgError> {
    let rows = source.query(include_str!("sql/evaluations.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Evaluation {
                oid: row.try_get("oid")?,
                name: qualified_name(row, "table_name")?,
                is_view: row.try_get("is_view")?,
                has_statistics: row.try_get("has_statistics")?,
                reads_others: row.try_get("reads_others")?,
                remedies: row.try_get("remedies")?,
                columns: row.try_get("columns")?,
            })
        })
        .collect()
}

impl Evaluation {
    /// The statement that writes the first rows of the table; none where there are none, or they may not be read.
    pub async fn sample(&self, source: &Client) -> Result<Option<String>, PgError> {
        if self.is_view || self.columns.is_empty() {
            return Ok(None);
        }
        let literals: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("pg_catalog.format('%L', {column})"))
            .collect();
        let asked = format!(
            "select line from (select {} as line from only {} limit {ROWS}) sample \
             where pg_catalog.octet_length(line) < {WIDTH}",
            literals.join(" operator(pg_catalog.||) ', ' operator(pg_catalog.||) "),
            self.name
        );
        let rows = match source.query(&asked, &[]).await.map_err(PgError::from) {
            Ok(rows) => rows,
            // That the role may not read it is told by itself.
            Err(error) if error.refusal().is_some() => return Ok(None),
            Err(error) => return Err(error),
        };
        let lines: Vec<String> = rows
            .iter()
            .map(|row| Ok(format!("({})", row.try_get::<_, &str>(0)?)))
            .collect::<Result<_, PgError>>()?;
        Ok((!lines.is_empty()).then(|| {
            format!(
                "insert into {} ({}) overriding system value values {}",
                self.name,
                self.columns.join(", "),
                lines.join(", ")
            )
        }))
    }
}
