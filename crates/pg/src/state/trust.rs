//! Whether the schema `transhume` may be believed: the one door to its rows.
//!
//! Whoever may create schemas in the target's database can put one of this name there before us, with triggers that
//! run as whoever writes to it, or with rows that say what to undo. So before its first row is read the catalogs are
//! asked: schema and objects must belong to the connecting role or one that it was made a member of (by those who may decide that,
//! not by that role), nobody else may write them, and nothing on them may run code that this program did not put there. Only [`examine`] makes a [`Trusted`],
//! and nothing reads the row that everything else starts from without one.
//!
//! Later sessions need not ask again: only an owner can replace a schema or hang anything on its tables.

use transhume_core::count::first_lines;
use transhume_wire::ident::quote_identifier;

use crate::connection::{error::PgError, session::Session};

/// The schema was there, and was found to be ours.
#[derive(Debug, Clone, Copy)]
pub struct Trusted(());

/// The most that is told of one schema: who looks at it there sees the rest.
const NAMED: usize = 8;

/// None where there is no schema `transhume`; refused where it is not certainly ours.
pub async fn examine(session: &Session) -> Result<Option<Trusted>, PgError> {
    // Sent together: every command begins here, and over a long way each answer that is waited for by itself is felt.
    let (exists, strangers, expressions) = tokio::try_join!(biased;
        session.query_typed_one(include_str!("sql/trust/schema_exists.sql"), &[]),
        session.query_typed(include_str!("sql/trust/strangers.sql"), &[]),
        session.query_typed(include_str!("sql/trust/expressions.sql"), &[]),
    )?;
    if !exists.get::<_, bool>(0) {
        return Ok(None);
    }
    let mut strange: Vec<String> = strangers
        .iter()
        .map(|row| format!("{}{}", row.get::<_, &str>("what"), row.get::<_, &str>("owner")))
        .collect();
    for row in expressions {
        let expression: &str = row.get("expression");
        if !is_plain(expression) {
            strange.push(format!("{} is {expression}", row.get::<_, &str>("what")));
        }
    }
    if strange.is_empty() {
        return Ok(Some(Trusted(())));
    }
    Err(PgError::Untrusted {
        endpoint: session.endpoint().to_owned(),
        detail: listed(&strange),
    })
}

/// Takes back what default privileges gave to others, in the transaction that has just made the schema.
pub(super) async fn keep_to_owner(transaction: &tokio_postgres::Transaction<'_>) -> Result<(), PgError> {
    let grants = transaction
        .query(include_str!("sql/trust/foreign_grants.sql"), &[])
        .await?;
    let revokes: Vec<String> = grants
        .iter()
        .map(|row| {
            let (kind, name): (&str, &str) = (row.get("kind"), row.get("name"));
            let object = match kind {
                "schema" => quote_identifier(name),
                _ => format!("transhume.{}", quote_identifier(name)),
            };
            let grantee = row
                .get::<_, Option<String>>("grantee")
                .map_or_else(|| "public".to_owned(), |role| quote_identifier(&role));
            format!("revoke all on {kind} {object} from {grantee}")
        })
        .collect();
    if revokes.is_empty() {
        return Ok(());
    }
    Ok(transaction.batch_execute(&revokes.join("; ")).await?)
}

fn listed(strange: &[String]) -> String {
    let escaped = strange.iter().map(|line| line.escape_debug().to_string());
    first_lines(escaped, NAMED).join("; ")
}

/// Words that are no functions, and the functions that the layout's defaults call.
const WITH_BRACKETS: [&str; 7] = [
    "ANY",
    "AND",
    "OR",
    "NOT",
    "clock_timestamp",
    "pg_catalog.clock_timestamp",
    "nextval",
];

/// Whether an expression, as the server prints it, calls nothing: constants, columns, comparisons, and the few functions
/// that the layout has. Even a function of the server's own can run somebody's code (`query_to_xml` takes a statement).
fn is_plain(expression: &str) -> bool {
    let Some(without) = without_literals(expression) else {
        return false;
    };
    let mut rest = without.as_str();
    while let Some(open) = rest.find('(') {
        let before = rest[..open].trim_end();
        let word = before
            .rsplit(|sign: char| !(sign.is_alphanumeric() || "_.\"".contains(sign)))
            .next()
            .unwrap_or_default();
        // OPERATOR(…) names one of another schema.
        if !(word.is_empty() || WITH_BRACKETS.contains(&word)) {
            return false;
        }
        rest = &rest[open + 1..];
    }
    true
}

/// Quoted text replaced by nothing; none where a quote is left open, or an identifier is quoted.
fn without_literals(expression: &str) -> Option<String> {
    if expression.contains('"') {
        // No name of the layout needs quotes.
        return None;
    }
    let parts: Vec<&str> = expression.split('\'').collect();
    // A doubled quote within a literal splits it in two with nothing between.
    (parts.len() % 2 == 1).then(|| parts.iter().step_by(2).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layouts_expressions_are_plain() {
        for expression in [
            "true",
            "clock_timestamp()",
            "CURRENT_USER",
            "''::text",
            "'{}'::jsonb",
            "0",
            "nextval('transhume.history_id_seq'::regclass)",
            "singleton",
            "(side = ANY (ARRAY['source'::text, 'target'::text, 'it''s('::text]))",
            "((done_at IS NULL) AND (NOT together))",
        ] {
            assert!(is_plain(expression), "{expression}");
        }
    }

    #[test]
    fn whatever_calls_something_is_not() {
        for expression in [
            "evil.f()",
            "(query_to_xml('select evil.f()'::text, true, true, ''::text))::text",
            "set_config('role'::text, 'evil'::text, false)",
            "(a OPERATOR(evil.=) b)",
            "evil.\"clock_timestamp\"()",
            "evil.nextval('x'::text)",
            "COALESCE(evil.f(), ''::text)",
            "'left open",
        ] {
            assert!(!is_plain(expression), "{expression}");
        }
    }
}
