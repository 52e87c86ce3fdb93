//! Markers: logical messages that this program writes into the source's WAL
//! (PostgreSQL manual, "System Administration Functions": pg_logical_emit_message).
//!
//! The content is `<migration>:<nonce>`; nothing in a message is ever executed.

use tokio_postgres::types::Type;
use transhume_wire::lsn::Lsn;

use crate::connection::{error::PgError, session::Session};

/// Prefix of our messages; all others are ignored.
pub const PREFIX: &str = "transhume";

const FENCE: &str = "fence-";
const ANCHOR: &str = "anchor-";

/// Letters of a nonce: sixteen digits (`sql/nonce.sql`) behind one of the words above, and room.
const LONGEST_NONCE: usize = 40;

/// Writes a transactional marker and waits until it is flushed. The LSN is the end of the message,
/// below its commit record: the frontier is past the marker once it is past this.
pub async fn emit(source: &Session, migration: &str, nonce: &str) -> Result<Lsn, PgError> {
    let content = format!("{migration}:{nonce}");
    let row = source
        .query_typed_one(
            include_str!("sql/marker_emit.sql"),
            &[(&PREFIX, Type::TEXT), (&content, Type::TEXT)],
        )
        .await?;
    Ok(row
        .get::<_, &str>(0)
        .parse()
        .expect("the server prints pg_lsn as X/Y"))
}

/// The same, without waiting for the source's standbys: for who waits for the marker in the stream.
pub async fn emit_unawaited(source: &Session, migration: &str, nonce: &str) -> Result<Lsn, PgError> {
    emit_within(include_str!("sql/marker_unawaited.sql"), source, migration, nonce).await
}

/// The same, and waits for the source's synchronous standbys as the application's commits do by default: every
/// commit before it is visible then.
pub async fn emit_confirmed(source: &Session, migration: &str, nonce: &str) -> Result<Lsn, PgError> {
    emit_within(include_str!("sql/marker_confirmed.sql"), source, migration, nonce).await
}

async fn emit_within(begin: &str, source: &Session, migration: &str, nonce: &str) -> Result<Lsn, PgError> {
    source.batch_execute(begin).await?;
    let emitted = emit(source, migration, nonce).await;
    let end = if emitted.is_ok() { "commit" } else { "rollback" };
    source.batch_execute(end).await?;
    emitted
}

/// A nonce that no other marker has.
pub async fn nonce(session: &Session) -> Result<String, PgError> {
    let row = session.query_one(include_str!("sql/nonce.sql"), &[]).await?;
    Ok(row.get(0))
}

/// A nonce that tells whoever applies to go no further: nothing after it may reach the target until
/// the cutover is undone.
pub async fn fence_nonce(session: &Session) -> Result<String, PgError> {
    Ok(format!("{FENCE}{}", nonce(session).await?))
}

/// A nonce of a marker that is only there to be remembered.
pub async fn anchor_nonce(session: &Session) -> Result<String, PgError> {
    Ok(format!("{ANCHOR}{}", nonce(session).await?))
}

/// A marker that nobody waits for.
pub fn is_anchor(nonce: &str) -> bool {
    nonce.starts_with(ANCHOR)
}

/// A marker of a cutover's fence.
pub fn is_fence(nonce: &str) -> bool {
    nonce.starts_with(FENCE)
}

/// The nonce inside a message's content, when the message belongs to `migration`. What this program would not have written is
/// none: the target is told of nonces, and may refuse what a stranger puts there.
pub fn nonce_of<'content>(migration: &str, content: &'content [u8]) -> Option<&'content str> {
    let nonce = std::str::from_utf8(content)
        .ok()?
        .strip_prefix(migration)?
        .strip_prefix(':')?;
    let is_letter = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    (!nonce.is_empty() && nonce.len() <= LONGEST_NONCE && nonce.bytes().all(is_letter)).then_some(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_markers_are_read() {
        assert_eq!(nonce_of("0123abcd", b"0123abcd:n1"), Some("n1"));
        assert_eq!(nonce_of("0123abcd", b"ffffffff:n1"), None);
        assert_eq!(nonce_of("0123abcd", b"\xFF"), None);
        for content in [
            "0123abcd:",
            "0123abcd:a\0b",
            "0123abcd:Ä",
            "0123abcd:a b",
            &format!("0123abcd:{}", "f".repeat(41)),
        ] {
            assert_eq!(nonce_of("0123abcd", content.as_bytes()), None, "{content:?}");
        }
    }
}
