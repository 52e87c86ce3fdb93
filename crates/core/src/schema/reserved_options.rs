//! Leaves out of a definition the options that a server keeps for itself.
//!
//! Some minor releases note things of their own among the options of a column (`pg_attver`, from 15.20 on), under names
//! that begin with `pg_`. pg_dump programs that do not know them print them as if somebody had set them, and no other
//! server takes them. Refuses to interpret: the text is read as tokens, so that what stands in strings, quoted names,
//! comments and function bodies is never touched. Options of foreign data (`OPTIONS (…)`) are their owner's, whatever
//! they are called.
//! Invariant: a text that is not understood to its end comes back as it was, and the target says what it minds.

use std::{borrow::Cow, iter, ops::Range};

use super::tokens::{Token, TokenKind, replaced, tokens};

/// What begins the names of what belongs to the server, as with schemas, roles and tablespaces.
const RESERVED: &str = "pg_";

/// What begins a definition that holds options in parentheses after `WITH` or `SET`: an object, or the constraint that
/// the server prints by itself.
const WITH_OPTIONS: [&str; 4] = ["TABLE", "VIEW", "INDEX", "EXCLUDE"];

/// What may stand before the kind of object.
const QUALIFIERS: [&str; 9] = [
    "CREATE",
    "ALTER",
    "OR",
    "REPLACE",
    "UNLOGGED",
    "FOREIGN",
    "MATERIALIZED",
    "RECURSIVE",
    "UNIQUE",
];

/// The same definitions without options of the server's own.
pub fn without_reserved_options(sql: &str) -> Cow<'_, str> {
    if !sql.contains(RESERVED) {
        return Cow::Borrowed(sql);
    }
    let Some(tokens) = tokens(sql) else {
        return Cow::Borrowed(sql);
    };
    let cuts: Vec<_> = tokens
        .split_inclusive(|token| token.text(sql) == ";")
        .flat_map(|statement| cuts(sql, statement))
        .map(|cut| (cut, ""))
        .collect();
    replaced(sql, &cuts)
}

/// What is to be cut out of one statement.
fn cuts(sql: &str, statement: &[Token]) -> Vec<Range<usize>> {
    let word = |token: &Token| token.kind == TokenKind::Word;
    let leading: Vec<&str> = statement
        .iter()
        .take_while(|token| word(token))
        .map(|token| token.text(sql))
        .collect();
    let kind = leading.iter().find(|word| !QUALIFIERS.contains(word));
    if !kind.is_some_and(|kind| WITH_OPTIONS.contains(kind)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (place, token) in statement.iter().enumerate() {
        match token.text(sql) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            // A query follows.
            "AS" if depth == 0 => break,
            keyword @ ("WITH" | "SET") if depth == 0 && word(token) => {
                let list = List::after(sql, statement, place);
                found.extend(
                    list.map(|list| list.cuts(sql, statement, keyword))
                        .unwrap_or_default(),
                );
            }
            _ => {}
        }
    }
    found
}

/// `WITH (name = value, …)`, as places in a statement's tokens.
struct List {
    keyword: usize,
    close: usize,
    entries: Vec<Range<usize>>,
}

impl List {
    fn after(sql: &str, statement: &[Token], keyword: usize) -> Option<Self> {
        let open = keyword + 1;
        if statement.get(open)?.text(sql) != "(" {
            return None;
        }
        let mut depth = 0_usize;
        let mut entries = Vec::new();
        let mut begin = open + 1;
        for (place, token) in statement.iter().enumerate().skip(open) {
            match token.text(sql) {
                "(" => depth += 1,
                ")" => depth -= 1,
                "," if depth == 1 => {
                    entries.push(begin..place);
                    begin = place + 1;
                }
                _ => {}
            }
            if depth == 0 {
                entries.push(begin..place);
                let close = place;
                return Some(Self {
                    keyword,
                    close,
                    entries,
                });
            }
        }
        None
    }

    fn cuts(&self, sql: &str, statement: &[Token], keyword: &str) -> Vec<Range<usize>> {
        let is_reserved = |entry: &Range<usize>| is_reserved(sql, &statement[entry.clone()]);
        let start = |place: usize| statement[place].span.start;
        let end = |place: usize| statement[place].span.end;
        if !self.entries.iter().any(is_reserved) {
            return Vec::new();
        }
        if let Some(first) = self.entries.iter().position(|entry| !is_reserved(entry)) {
            // Each goes with the comma after it as far as the first that stays, then with the one before it.
            return self
                .entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| is_reserved(entry))
                .map(|(number, entry)| {
                    if number < first {
                        start(entry.start)..start(self.entries[number + 1].start)
                    } else {
                        start(entry.start - 1)..end(entry.end - 1)
                    }
                })
                .collect();
        }
        let ends_statement = statement
            .get(self.close + 1)
            .is_none_or(|next| next.text(sql) == ";");
        match keyword {
            // With the space before it.
            "WITH" => iter::once(end(self.keyword - 1)..end(self.close)).collect(),
            // The statement has no other purpose; one that has is left to the target's judgement.
            _ if ends_statement => iter::once(start(0)..end(statement.len() - 1)).collect(),
            _ => Vec::new(),
        }
    }
}

/// `name = value` or `toast.name = value`.
fn is_reserved(sql: &str, entry: &[Token]) -> bool {
    let named = match entry {
        [space, dot, rest @ ..] if space.text(sql) == "toast" && dot.text(sql) == "." => rest,
        _ => entry,
    };
    let name = named.first().map_or("", |token| token.text(sql));
    name.trim_start_matches('"').starts_with(RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_sets_nothing_else_goes() {
        let sql = "CREATE TABLE public.t (\n    a integer\n);\n\
            ALTER TABLE ONLY public.t ALTER COLUMN a SET (pg_attver=22185208);\n\
            ALTER FOREIGN TABLE ONLY public.t ALTER COLUMN \"b;(\" SET (\"pg_a b\"='1', pg_attver='x,)');\n\
            ALTER TABLE ONLY public.t ALTER COLUMN c SET STATISTICS 10;";
        assert_eq!(
            without_reserved_options(sql),
            "CREATE TABLE public.t (\n    a integer\n);\n\n\n\
             ALTER TABLE ONLY public.t ALTER COLUMN c SET STATISTICS 10;"
        );
    }

    #[test]
    fn what_somebody_set_beside_it_stays() {
        let around = |options: &str| format!("ALTER TABLE ONLY s.t ALTER COLUMN a SET ({options});");
        for (with, without) in [
            ("pg_attver=1, n_distinct=5", "n_distinct=5"),
            ("n_distinct=5, pg_attver=1", "n_distinct=5"),
            (
                "pg_a=1, pg_b=2, n_distinct=5, pg_c=3, n_distinct_inherited='-1', pg_d",
                "n_distinct=5, n_distinct_inherited='-1'",
            ),
            ("n_distinct=5", "n_distinct=5"),
        ] {
            assert_eq!(without_reserved_options(&around(with)), around(without));
        }
    }

    #[test]
    fn options_of_tables_views_and_indexes_are_told_alike() {
        for (with, without) in [
            (
                "CREATE UNLOGGED TABLE t (\n    a text DEFAULT 'WITH (pg_x=1)'\n)\nPARTITION BY LIST (a)\nWITH (pg_x='1', fillfactor='70', toast.pg_y='2');",
                "CREATE UNLOGGED TABLE t (\n    a text DEFAULT 'WITH (pg_x=1)'\n)\nPARTITION BY LIST (a)\nWITH (fillfactor='70');",
            ),
            (
                "CREATE VIEW v WITH (pg_x='1') AS\n WITH pg_c AS (SELECT 1) SELECT 2;",
                "CREATE VIEW v AS\n WITH pg_c AS (SELECT 1) SELECT 2;",
            ),
            (
                "CREATE UNIQUE INDEX i ON t USING gist (b gist_trgm_ops (siglen='32')) WITH (pg_x='1') WHERE (a > 0)",
                "CREATE UNIQUE INDEX i ON t USING gist (b gist_trgm_ops (siglen='32')) WHERE (a > 0)",
            ),
            (
                "EXCLUDE USING gist (b WITH =) WITH (fillfactor='70', pg_x='1') DEFERRABLE",
                "EXCLUDE USING gist (b WITH =) WITH (fillfactor='70') DEFERRABLE",
            ),
        ] {
            assert_eq!(without_reserved_options(with), without);
        }
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        for sql in [
            "CREATE TABLE t (\n    a text DEFAULT '; ALTER TABLE t ALTER COLUMN a SET (pg_attver=1);'\n);",
            "CREATE TABLE t (\n    a text DEFAULT E'\\\\'' SET (pg_attver=1)'\n);",
            "CREATE VIEW v AS\n SELECT ' WITH (pg_x=1)'::text AS \"SET (pg_x=1)\";",
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $_$ ALTER TABLE t ALTER a SET (pg_attver=1); $_$;",
            "CREATE FOREIGN TABLE t (\n    a integer\n)\nSERVER s OPTIONS (pg_option 'x');",
            "ALTER FOREIGN TABLE ONLY t ALTER COLUMN a OPTIONS (\n    pg_option '1'\n);",
            "-- SET (pg_attver=1)\nSELECT pg_catalog.setval('s', 1);",
            "/* ALTER /* TABLE */ t SET (pg_x=1); */ CREATE TABLE pg_like (a integer);",
            "ALTER TABLE t ALTER a SET (pg_x=1), ALTER b SET (n_distinct=1);",
            // Not understood to its end.
            "ALTER TABLE t ALTER a SET (pg_x=1); SELECT 'open",
        ] {
            assert_eq!(without_reserved_options(sql), sql);
        }
    }
}
