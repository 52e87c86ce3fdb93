//! Statements on the source that alter the schema announce themselves in the stream, or are refused: by event triggers of
//! this program's, in a schema of its own.
//!
//! Owns what is made for that on the source, and the recognition of a message. A message holds facts only; what is done
//! about them is worded elsewhere. Anybody may write logical messages, so one counts only with a digest over a key that
//! only the role of this program can read, and only in the transaction that it names.
//!
//! Invariant: a statement of the application never fails because it could not be announced.

use ring::digest::{SHA256, digest};
use transhume_core::guard::schema::{AnnouncedSchema, SchemaChanges};
use transhume_wire::{
    ident::{quote_identifier, quote_literal},
    pgoutput::LogicalMessage,
};

use crate::{
    connection::{error::PgError, names, session::Session},
    state::undo,
};

/// Prefix of these messages; it begins as that of markers does.
pub const PREFIX: &str = "transhume.ddl";

/// All that a statement could tell. Whoever else says so makes us ask the source once more, and nothing else.
const UNTOLD: &[u8] = b"untold";

/// Hexadecimal digits of a digest, which come first.
const DIGEST_DIGITS: usize = 64;

/// Logical messages are in no stream before.
const FIRST_VERSION: u32 = 14;

/// How facts of tables are asked for, on either side.
pub(crate) const FACTS: &str = include_str!("sql/facts.sql");

/// How what belongs to tables is asked for, with views and functions, on either side.
pub(crate) const OBJECTS: &str = include_str!("sql/objects.sql");

/// How owners and grants are asked for, on either side.
pub(crate) const ACCESS: &str = include_str!("sql/access.sql");

/// What the functions give back that tell facts.
const DESCRIBED: &str = "described pg_catalog.jsonb";

/// Stands in the files for a migration's id.
const NOBODY: &str = "00000000";

/// What every version tells.
#[derive(serde::Deserialize)]
struct TransactionOf {
    xid: u32,
}

/// What recognises messages.
#[derive(Clone)]
pub struct AnnouncementKey(String);

/// What there is on the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcers {
    Nothing,
    /// It is not as this role has made it.
    Altered,
    /// It is for this, and sound, but of another version of this program, so it may tell less.
    OfAnotherVersion(SchemaChanges),
    As(SchemaChanges),
}

/// Statements can announce themselves there; whether the role may have event triggers is tried.
pub fn is_possible(source: &Session) -> bool {
    source.server_version().major() >= FIRST_VERSION && !source.is_standby()
}

pub async fn installed(source: &Session, migration: &str) -> Result<Announcers, PgError> {
    let rows = source
        .query(include_str!("sql/installed.sql"), &[&names::ddl(migration)])
        .await?;
    let [row] = rows.as_slice() else {
        return Ok(if rows.is_empty() {
            Announcers::Nothing
        } else {
            Announcers::Altered
        });
    };
    let is_sound: Option<bool> = row.try_get("is_sound")?;
    let name: Option<&str> = row.try_get("name")?;
    let version: Option<&str> = row.try_get("version")?;
    let found = match name {
        Some("announce") => SchemaChanges::Replicate,
        Some("refuse") => SchemaChanges::Refuse,
        _ => return Ok(Announcers::Altered),
    };
    let is_as_we_make_it = version == Some(version_of(&parts(found, migration)).as_str());
    Ok(match is_sound {
        Some(true) if is_as_we_make_it => Announcers::As(found),
        Some(true) => Announcers::OfAnotherVersion(found),
        _ => Announcers::Altered,
    })
}

/// Puts what is needed in the place of what is there, in one transaction. What was announced before and is not read yet counts
/// as long as its key is `kept`.
pub async fn install(
    source: &Session,
    migration: &str,
    wanted: SchemaChanges,
    kept: Option<&AnnouncementKey>,
) -> Result<(), PgError> {
    let schema = names::ddl(migration);
    let parts = parts(wanted, migration);
    let kept = kept.filter(|_| wanted == SchemaChanges::Replicate).map(|kept| {
        let schema = quote_identifier(&schema);
        format!("update {schema}.key set key = {}", quote_literal(&kept.0))
    });
    let version = (!parts.is_empty()).then(|| {
        let schema = quote_identifier(&schema);
        let version = version_of(&parts);
        // A default is in the catalog, where it can be looked for without asking a table that may not be there.
        format!("alter table {schema}.key add column version text default '{version}'")
    });
    let all: Vec<String> = std::iter::once(undo::drop_ddl_schema(&schema))
        .chain(parts)
        .chain(version)
        .chain(kept)
        .collect();
    let all = format!("begin;\n{};\ncommit", all.join(";\n"));
    match source.batch_execute(&all).await {
        Ok(()) => Ok(()),
        Err(error) => {
            source.batch_execute("rollback").await?;
            Err(error.into())
        }
    }
}

/// The statements that make it; none for what needs nothing.
fn parts(wanted: SchemaChanges, migration: &str) -> Vec<String> {
    let parts = match wanted {
        SchemaChanges::Hold => Vec::new(),
        SchemaChanges::Refuse => vec![
            include_str!("sql/begin.sql").to_owned(),
            include_str!("sql/refuse.sql").to_owned(),
            include_str!("sql/triggers.sql").replace("announce()", "refuse()"),
        ],
        SchemaChanges::Replicate => vec![
            include_str!("sql/begin.sql").to_owned(),
            function("facts(pg_catalog.oid[], pg_catalog.name)", DESCRIBED, FACTS),
            function("objects(pg_catalog.oid[], pg_catalog.oid[])", DESCRIBED, OBJECTS),
            function("user_types()", DESCRIBED, crate::guard::user_types::USER_TYPES),
            function(
                "names(pg_catalog.oid[])",
                "class pg_catalog.oid, object pg_catalog.oid, kind text, names text[], arguments text[], is_by_name boolean, \
                 access text",
                include_str!("sql/names.sql"),
            ),
            function(
                "access(pg_catalog.oid[])",
                "class pg_catalog.oid, object pg_catalog.oid, described pg_catalog.jsonb",
                ACCESS,
            ),
            include_str!("sql/announce.sql").to_owned(),
            include_str!("sql/triggers.sql").to_owned(),
        ],
    };
    parts
        .into_iter()
        .map(|part| part.replace(NOBODY, migration))
        .collect()
}

/// A digest of all that is made, so that nobody has to count versions.
fn version_of(parts: &[String]) -> String {
    hexadecimal(digest(&SHA256, parts.concat().as_bytes()).as_ref())
}

fn function(signature: &str, columns: &str, body: &str) -> String {
    format!(
        "create function transhume_{NOBODY}_ddl.{signature} returns table ({columns}) language sql \
         set search_path = '' as $body$\n{body}\n$body$"
    )
}

/// Of what [`installed`] has found to announce.
pub async fn key(source: &Session, migration: &str) -> Result<AnnouncementKey, PgError> {
    let schema = quote_identifier(&names::ddl(migration));
    let row = source
        .query_one(&format!("select k.key from {schema}.key k"), &[])
        .await?;
    Ok(AnnouncementKey(row.try_get(0)?))
}

impl AnnouncementKey {
    /// What a statement of this transaction announced; none where it is not known to be from there.
    pub fn read(&self, xid: u32, message: &LogicalMessage) -> Option<AnnouncedSchema> {
        if !message.transactional || message.prefix != PREFIX {
            return None;
        }
        if message.content == UNTOLD {
            return Some(AnnouncedSchema::untold(xid));
        }
        let content = std::str::from_utf8(&message.content).ok()?;
        let (found, facts) = content.split_at_checked(DIGEST_DIGITS)?;
        if found != self.digest_of(facts) {
            return None;
        }
        // Another version of this program may have told it in other words.
        let xid_of: TransactionOf = serde_json::from_str(facts).ok()?;
        let announced = serde_json::from_str(facts).unwrap_or_else(|_| AnnouncedSchema::untold(xid));
        (xid_of.xid == xid).then_some(announced)
    }

    /// Twice, so that nothing can be put behind a content whose digest is known.
    fn digest_of(&self, facts: &str) -> String {
        let inner = hexadecimal(digest(&SHA256, format!("{}{facts}", self.0).as_bytes()).as_ref());
        hexadecimal(digest(&SHA256, format!("{}{inner}", self.0).as_bytes()).as_ref())
    }
}

impl std::fmt::Debug for AnnouncementKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AnnouncementKey")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use transhume_wire::lsn::Lsn;

    use super::*;

    fn message(content: String) -> LogicalMessage {
        LogicalMessage {
            transactional: true,
            lsn: Lsn(1),
            prefix: PREFIX.to_owned(),
            content: Bytes::from(content),
        }
    }

    #[test]
    fn only_what_has_the_key_and_is_of_the_transaction_counts() {
        let key = AnnouncementKey("secret".to_owned());
        let facts = r#"{"xid": 7, "tables": [], "types": [], "gone": [16401]}"#;
        let ours = format!("{}{facts}", key.digest_of(facts));
        let read = |xid, content: &str| key.read(xid, &message(content.to_owned()));

        assert_eq!(read(7, &ours).map(|announced| announced.gone), Some(vec![16401]));
        assert_eq!(read(8, &ours), None, "sent again by another transaction");
        assert_eq!(read(7, &ours.replace("16401", "16402")), None, "other facts");
        assert_eq!(read(7, facts), None, "no digest");
        let other = r#"{"xid": 7, "tables": "in other words"}"#;
        let other = format!("{}{other}", key.digest_of(other));
        assert_eq!(
            read(7, &other),
            Some(AnnouncedSchema::untold(7)),
            "of another version: the source is asked"
        );
        assert_eq!(read(8, &other), None, "the same by another transaction");
        assert_eq!(
            AnnouncementKey("other".to_owned()).read(7, &message(ours)),
            None,
            "another key"
        );
    }
}
