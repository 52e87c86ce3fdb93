//! Rewriting rows on the target from the source's, while both sides stand at the same commit.
//!
//! Runs in the caller's transaction on a session that fires no triggers. Rows are copied from side to side as text, which the
//! types' own input functions read. A row that is as it should be by now (apply has overwritten it meanwhile) is left
//! alone. Invariants: no more of a row is held than what a server sends of it at once; where the table has moved meanwhile, the
//! caller takes back what was written.

use std::collections::{BTreeMap, BTreeSet};

use transhume_core::{
    table::Table,
    verify::rows::{Subject, compare_keyed},
};

use super::{Reading, ReadingSide, read, statement};
use crate::connection::{error::PgError, session::Session};

/// Rows that one statement names: it is parsed within milliseconds, and a way there and back is nothing beside so many.
const NAMED_AT_ONCE: usize = 1_000;

/// How many rows were written and removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mended {
    pub written: u64,
    pub removed: u64,
}

/// One table to mend.
pub struct Mending<'a> {
    pub subject: &'a Subject,
    /// As it is on the target.
    pub table: &'a Table,
    /// The source under the snapshot of the moment that both sides stand at.
    pub source: ReadingSide<'a>,
    pub target: &'a Session,
}

impl Mending<'_> {
    /// Makes the rows with these keys what they are on the source.
    pub async fn keys(&self, keys: &BTreeSet<Vec<String>>) -> Result<Reading<Mended>, PgError> {
        let keys: Vec<Vec<String>> = keys.iter().cloned().collect();
        let Reading::Seen(source) = self.source.rows_by_key(self.subject, &keys).await? else {
            return Ok(Reading::Moved);
        };
        let target = read::rows_by_key(self.target, self.subject, &keys).await?;
        let different: BTreeSet<Vec<String>> = compare_keyed(source, target)
            .into_iter()
            .map(|row| row.key)
            .collect();
        let different: Vec<Vec<String>> = different.into_iter().collect();
        if different.is_empty() {
            return Ok(Reading::Seen(Mended::default()));
        }
        let sql = statement::delete_by_key(self.subject);
        let removed = read::execute_by_key(self.target, self.subject, &sql, &different).await?;
        let columns = self.columns();
        let mut written = 0;
        for keys in different.chunks(NAMED_AT_ONCE) {
            let rows = statement::columns_of_keys(self.subject, &columns, keys);
            let Reading::Seen(copied) = self.copy(&rows, &columns).await? else {
                return Ok(Reading::Moved);
            };
            written += copied;
        }
        Ok(Reading::Seen(Mended {
            written,
            removed: removed.saturating_sub(written),
        }))
    }

    /// Makes the rows with these hashes as many as there are on the source.
    pub async fn images(&self, hashes: &[i64]) -> Result<Reading<Mended>, PgError> {
        let Reading::Seen(source) = self.source.counts_by_image(self.subject, hashes).await? else {
            return Ok(Reading::Moved);
        };
        let target = read::counts_by_image(self.target, self.subject, hashes).await?;
        let mut lacking: BTreeMap<i64, i64> = source.into_iter().collect();
        for (hash, rows) in target {
            *lacking.entry(hash).or_default() -= rows;
        }
        let mut mended = Mended::default();
        for (hash, rows) in lacking.iter().filter(|(_, rows)| **rows < 0) {
            mended.removed += self
                .target
                .execute(&statement::delete_image(self.subject), &[hash, &-rows])
                .await?;
        }
        let columns = self.columns();
        let wanted: Vec<(i64, i64)> = lacking.into_iter().filter(|(_, rows)| *rows > 0).collect();
        for wanted in wanted.chunks(NAMED_AT_ONCE) {
            let rows = statement::columns_of_images(self.subject, &columns, wanted);
            let Reading::Seen(copied) = self.copy(&rows, &columns).await? else {
                return Ok(Reading::Moved);
            };
            mended.written += copied;
        }
        Ok(Reading::Seen(mended))
    }

    async fn copy(&self, rows: &str, columns: &[String]) -> Result<Reading<u64>, PgError> {
        let into = statement::copy_in(self.subject, columns);
        self.source
            .copy(&self.subject.table, rows, self.target, &into)
            .await
    }

    /// Those that are written; the target computes the others.
    fn columns(&self) -> Vec<String> {
        self.table
            .written_columns()
            .map(|column| column.name.clone())
            .collect()
    }
}
