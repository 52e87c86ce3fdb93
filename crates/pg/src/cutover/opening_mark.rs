//! That a target is being opened, as the source remembers it.
//!
//! A target that fails over may lose its last commits, the one that opened it among them. So the source is told first: by a
//! setting of its database, which is in the source's WAL as any other and fires no event trigger. It names the target by
//! system and timeline: where both are as they were, the target's own state is the truth. Only who owns the source's database
//! can write it. Invariant: it is there whenever the target may be open without knowing of it.

use transhume_wire::ident::{quote_identifier, quote_literal};

use super::fence::run_briefly;
use crate::connection::{error::PgError, session::Session};

/// The target that was told to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningMark {
    pub migration: String,
    pub system: String,
    pub timeline: i32,
}

impl OpeningMark {
    /// One word without quotes or commas.
    fn text(&self) -> String {
        format!("{}:{}:{}", self.migration, self.system, self.timeline)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let mark = Self {
            migration: parts.next()?.to_owned(),
            system: parts.next()?.to_owned(),
            timeline: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(mark)
    }
}

/// Writes it down, and waits until the source has it on disk.
pub async fn set(source: &Session, database: &str, mark: &OpeningMark) -> Result<(), PgError> {
    let database = quote_identifier(database);
    let text = quote_literal(&mark.text());
    run_briefly(
        source,
        &format!("alter database {database} set transhume.opening = {text}"),
    )
    .await
}

/// It was not opened, or whoever looks into it has said so.
pub async fn clear(source: &Session, database: &str) -> Result<(), PgError> {
    let database = quote_identifier(database);
    run_briefly(
        source,
        &format!("alter database {database} reset transhume.opening"),
    )
    .await
}

/// What is written down there; none where it is another migration's, or nobody's.
pub async fn read(source: &Session, migration: &str) -> Result<Option<OpeningMark>, PgError> {
    let row = source
        .query_opt(include_str!("sql/opening_mark.sql"), &[])
        .await?;
    let text: Option<String> = row.and_then(|row| row.get(0));
    Ok(text
        .as_deref()
        .and_then(OpeningMark::parse)
        .filter(|mark| mark.migration == migration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_read_back_what_they_print() {
        let mark = OpeningMark {
            migration: "0123abcd".to_owned(),
            system: "7423423423423423423".to_owned(),
            timeline: 2,
        };
        assert_eq!(OpeningMark::parse(&mark.text()), Some(mark));
        for text in ["", "0123abcd", "0123abcd:7:two", "0123abcd:7:2:more"] {
            assert_eq!(OpeningMark::parse(text), None, "{text}");
        }
    }
}
