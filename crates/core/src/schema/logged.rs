//! A definition as it is tried: with the storage of an ordinary table.
//!
//! An unlogged relation that is made and rolled back is a danger to the server: if that crashes within the second in
//! which its WAL holds the beginning of the transaction and not yet its end, recovery finds the file that it wants to
//! make, and the server does not start (PostgreSQL 12 to 18: `could not create file …: File exists`). A trial must
//! never be able to do that, and the word changes nothing of what it asks. Refuses to interpret, as
//! [`super::reserved_options`] does.
//! Invariant: partitioned tables keep the word, since they have no storage and some versions refuse it for them.

use std::{borrow::Cow, ops::Range};

use super::tokens::{Token, TokenKind, replaced, tokens};

const UNLOGGED: &str = "UNLOGGED";

/// The same definitions, whose relations all reach the WAL.
pub fn as_logged(sql: &str) -> Cow<'_, str> {
    if !sql.contains(UNLOGGED) {
        return Cow::Borrowed(sql);
    }
    let Some(tokens) = tokens(sql) else {
        return Cow::Borrowed(sql);
    };
    let changes: Vec<_> = tokens
        .split_inclusive(|token| token.text(sql) == ";")
        .filter_map(|statement| change(sql, statement))
        .collect();
    replaced(sql, &changes)
}

/// What of a statement is to be replaced, and by what.
fn change(sql: &str, statement: &[Token]) -> Option<(Range<usize>, &'static str)> {
    let is_word = |place: usize, word: &str| {
        statement
            .get(place)
            .is_some_and(|token| token.kind == TokenKind::Word && token.text(sql) == word)
    };
    if is_word(0, "CREATE") && is_word(1, UNLOGGED) && !is_partitioned(sql, statement) {
        return Some((statement[1].span.start..statement.get(2)?.span.start, ""));
    }
    let last = statement.iter().rposition(|token| token.text(sql) != ";")?;
    let sets = is_word(0, "ALTER") && is_word(last, UNLOGGED) && is_word(last.checked_sub(1)?, "SET");
    sets.then(|| (statement[last].span.clone(), "LOGGED"))
}

/// `PARTITION BY` outside of parentheses.
fn is_partitioned(sql: &str, statement: &[Token]) -> bool {
    let mut depth = 0_usize;
    statement.windows(2).any(|pair| {
        match pair[0].text(sql) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let words = pair.iter().all(|token| token.kind == TokenKind::Word);
        depth == 0 && words && pair[0].text(sql) == "PARTITION" && pair[1].text(sql) == "BY"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_with_storage_are_made_as_ordinary_ones() {
        for (with, without) in [
            (
                "CREATE UNLOGGED TABLE s.t (\n    a integer\n);",
                "CREATE TABLE s.t (\n    a integer\n);",
            ),
            (
                "CREATE UNLOGGED SEQUENCE s.q\n    START WITH 1;\nALTER SEQUENCE s.r SET UNLOGGED;\n",
                "CREATE SEQUENCE s.q\n    START WITH 1;\nALTER SEQUENCE s.r SET LOGGED;\n",
            ),
            (
                "CREATE UNLOGGED TABLE t (a text DEFAULT 'PARTITION BY');",
                "CREATE TABLE t (a text DEFAULT 'PARTITION BY');",
            ),
        ] {
            assert_eq!(as_logged(with), without);
        }
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for sql in [
            "CREATE TABLE t (a text DEFAULT 'CREATE UNLOGGED TABLE u ();');",
            "CREATE UNLOGGED TABLE t (\n    a integer\n)\nPARTITION BY LIST (a);",
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ CREATE UNLOGGED TABLE t (); $$;",
            "CREATE TABLE \"UNLOGGED\" (\"SET UNLOGGED\" integer);",
            "COMMENT ON TABLE t IS 'UNLOGGED';",
            // Not understood to its end.
            "CREATE UNLOGGED TABLE t (a text DEFAULT 'open);",
        ] {
            assert_eq!(as_logged(sql), sql);
        }
    }
}
