//! Rewriting rows on the target from the source's, while both sides stand at the same commit.
//!
//! Runs in the caller's transaction on a session that fires no triggers. Rows travel as the text of the
//! table's row type and are read by the types' own input functions. A row that is as it should be by now
//! (apply has overwritten it meanwhile) is left alone.

use std::collections::{BTreeMap, BTreeSet};

use transhume_core::{
    table::Table,
    verify::rows::{Subject, compare_keyed},
};

use super::{Reading, ReadingSide, read, statement};
use crate::connection::{error::PgError, session::Session};

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
        let Reading::Seen(texts) = self
            .source
            .texts_by_key(self.subject, &self.columns(), &different)
            .await?
        else {
            return Ok(Reading::Moved);
        };
        let sql = statement::delete_by_key(self.subject);
        let removed = read::execute_by_key(self.target, self.subject, &sql, &different).await?;
        let copies = vec![1_i64; texts.len()];
        let written = self.insert(&texts, &copies).await?;
        Ok(Reading::Seen(Mended {
            written,
            removed: removed.saturating_sub(written),
        }))
    }

    /// Makes the rows with these hashes as many as there are on the source.
    pub async fn images(&self, hashes: &[i64]) -> Result<Reading<Mended>, PgError> {
        let columns = self.columns();
        let Reading::Seen(source) = self.source.texts_by_image(self.subject, &columns, hashes).await? else {
            return Ok(Reading::Moved);
        };
        let target = read::texts_by_image(self.target, self.subject, &columns, hashes).await?;
        let mut lacking: BTreeMap<i64, (String, i64)> = source
            .into_iter()
            .map(|(hash, text, rows)| (hash, (text, rows)))
            .collect();
        for (hash, text, rows) in target {
            lacking.entry(hash).or_insert((text, 0)).1 -= rows;
        }
        let mut mended = Mended::default();
        for (hash, (_, rows)) in lacking.iter().filter(|(_, (_, rows))| *rows < 0) {
            mended.removed += self
                .target
                .execute(&statement::delete_image(self.subject), &[hash, &-rows])
                .await?;
        }
        let (texts, copies): (Vec<String>, Vec<i64>) =
            lacking.into_values().filter(|(_, rows)| *rows > 0).unzip();
        mended.written = self.insert(&texts, &copies).await?;
        Ok(Reading::Seen(mended))
    }

    async fn insert(&self, texts: &[String], copies: &[i64]) -> Result<u64, PgError> {
        let written: Vec<String> = self
            .table
            .written_columns()
            .map(|column| column.name.clone())
            .collect();
        let sql = statement::insert_texts(self.subject, &written);
        Ok(self.target.execute(&sql, &[&texts, &copies]).await?)
    }

    /// In the order of the target's row type.
    fn columns(&self) -> Vec<String> {
        self.table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    }
}
