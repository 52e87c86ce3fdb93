//! That a target is being opened, as the source remembers it.
//!
//! A target that fails over may lose its last commits, the one that opened it among them. So the source is told first: by a
//! setting of our own role in its database, which every role may make for itself (a setting of a name of our own takes a superuser
//! from version 15 on), is in the source's WAL as any other, and fires no event trigger. It is `application_name`, which our sessions
//! give themselves anyway. It names the target by system and timeline: where both are as they were, the target's own state is the
//! truth. Invariant: it is there whenever the target may be open without knowing of it.

use transhume_wire::ident::{quote_identifier, quote_literal};

use super::fence::run_briefly;
use crate::connection::{error::PgError, session::Session};

/// What the setting begins with (`sql/opening_mark.sql` knows it too).
const PREFIX: &str = "transhume opens ";

/// The target that was told to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningMark {
    pub migration: String,
    pub system: String,
    pub timeline: i32,
}

/// A mark as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMark {
    pub mark: OpeningMark,
    /// Whose setting it is.
    pub role: String,
}

impl OpeningMark {
    /// Without quotes or commas, and shorter than a name may be.
    fn text(&self) -> String {
        format!("{PREFIX}{}:{}:{}", self.migration, self.system, self.timeline)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split(':');
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
        &format!("alter role current_user in database {database} set application_name = {text}"),
    )
    .await
}

/// It was not opened, or whoever looks into it has said so.
pub async fn clear(source: &Session, database: &str, found: &FoundMark) -> Result<(), PgError> {
    run_briefly(source, &reset(database, &found.role)).await
}

/// The statement that takes it away.
pub fn reset(database: &str, role: &str) -> String {
    let (database, role) = (quote_identifier(database), quote_identifier(role));
    format!("alter role {role} in database {database} reset application_name")
}

/// What is written down there; none where it is another migration's, or nobody's.
pub async fn read(source: &Session, migration: &str) -> Result<Option<FoundMark>, PgError> {
    let rows = source.query(include_str!("sql/opening_mark.sql"), &[]).await?;
    let mut found = rows.iter().filter_map(|row| {
        Some(FoundMark {
            mark: OpeningMark::parse(row.get("mark"))?,
            role: row.get("role"),
        })
    });
    Ok(found.find(|found| found.mark.migration == migration))
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
        for text in [
            "",
            "0123abcd",
            "0123abcd:7:two",
            "transhume opens 0123abcd:7:2:more",
        ] {
            assert_eq!(OpeningMark::parse(text), None, "{text}");
        }
    }
}
