//! The text of COPY on both sides, and the conditions that cut a table into parts
//! (PostgreSQL manual, "COPY", "TID Scan").
//!
//! Columns are always named: their order may differ between the two sides. Every identifier is
//! quoted. Only the rows of the table itself are read, never those of its children.

use transhume_core::load::format::Format;
use transhume_wire::ident::{QualifiedName, quote_identifier};

/// Rows of one part, leaving the source. An empty predicate means the whole table.
pub fn copy_out(table: &QualifiedName, columns: &[String], predicate: &str, format: Format) -> String {
    let columns = column_list(columns);
    let options = match format {
        Format::Text => "",
        Format::Binary => " WITH (FORMAT binary)",
    };
    if predicate.is_empty() {
        // COPY of a table reads its own rows only, and skips the planner and executor that a query needs.
        format!("COPY {table} ({columns}) TO STDOUT{options}")
    } else {
        format!("COPY (SELECT {columns} FROM ONLY {table} WHERE {predicate}) TO STDOUT{options}")
    }
}

/// The same rows, arriving on the target. `freeze` needs a table emptied in the same transaction.
pub fn copy_in(table: &QualifiedName, columns: &[String], format: Format, freeze: bool) -> String {
    let columns = column_list(columns);
    let options = match (format, freeze) {
        (Format::Text, false) => "",
        (Format::Text, true) => " WITH (FREEZE true)",
        (Format::Binary, false) => " WITH (FORMAT binary)",
        (Format::Binary, true) => " WITH (FORMAT binary, FREEZE true)",
    };
    format!("COPY {table} ({columns}) FROM STDIN{options}")
}

/// Gives no rows, but what the server says of the columns that are to be copied, and of the table that they are in.
pub fn described(table: &QualifiedName, columns: &[String]) -> String {
    let mut listed = vec!["tableoid".to_owned()];
    listed.extend(columns.iter().map(|column| quote_identifier(column)));
    format!("SELECT {} FROM ONLY {table} LIMIT 0", listed.join(", "))
}

/// Whether the table holds any row of its own.
pub fn holds_a_row(table: &QualifiedName) -> String {
    format!("SELECT EXISTS (SELECT FROM ONLY {table})")
}

pub fn count_rows(table: &QualifiedName) -> String {
    format!("SELECT pg_catalog.count(*) FROM ONLY {table}")
}

/// `count` rows of nothing but defaults: how a table without writable columns is filled.
pub fn insert_empty_rows(table: &QualifiedName, count: u64) -> String {
    format!("INSERT INTO {table} SELECT FROM pg_catalog.generate_series(1, {count})")
}

/// Rows on heap pages `from` to `to`, the latter not included; an open end takes what the table grew by.
pub fn page_predicate(from: Option<u32>, to: Option<u32>) -> String {
    between(
        "ctid",
        from.map(|page| format!("'({page},0)'::pg_catalog.tid")),
        to.map(|page| format!("'({page},0)'::pg_catalog.tid")),
    )
}

/// Rows whose integer key is at least `from` and below `to`.
pub fn key_predicate(column: &str, from: Option<i64>, to: Option<i64>) -> String {
    let literal = |value: i64| format!("'{value}'::pg_catalog.int8");
    between(&quote_identifier(column), from.map(literal), to.map(literal))
}

fn between(what: &str, from: Option<String>, to: Option<String>) -> String {
    let bounds = [
        from.map(|from| format!("{what} >= {from}")),
        to.map(|to| format!("{what} < {to}")),
    ];
    bounds.into_iter().flatten().collect::<Vec<_>>().join(" AND ")
}

fn column_list(columns: &[String]) -> String {
    columns
        .iter()
        .map(|column| quote_identifier(column))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> QualifiedName {
        QualifiedName::new("shop", r#"or"ders"#)
    }

    #[test]
    fn a_whole_table_is_copied_without_a_query() {
        let columns = ["id".to_owned(), "Total €".to_owned()];
        assert_eq!(
            copy_out(&table(), &columns, "", Format::Binary),
            r#"COPY "shop"."or""ders" ("id", "Total €") TO STDOUT WITH (FORMAT binary)"#
        );
        assert_eq!(
            copy_in(&table(), &columns, Format::Text, true),
            r#"COPY "shop"."or""ders" ("id", "Total €") FROM STDIN WITH (FREEZE true)"#
        );
    }

    #[test]
    fn a_part_reads_only_the_tables_own_rows() {
        let predicate = page_predicate(Some(10), Some(20));
        assert_eq!(
            copy_out(&table(), &["id".to_owned()], &predicate, Format::Text),
            r#"COPY (SELECT "id" FROM ONLY "shop"."or""ders" WHERE ctid >= '(10,0)'::pg_catalog.tid AND ctid < '(20,0)'::pg_catalog.tid) TO STDOUT"#
        );
    }

    #[test]
    fn open_ends_leave_their_bound_out() {
        assert_eq!(page_predicate(None, None), "");
        assert_eq!(page_predicate(Some(7), None), "ctid >= '(7,0)'::pg_catalog.tid");
        assert_eq!(
            key_predicate("id", None, Some(-3)),
            r#""id" < '-3'::pg_catalog.int8"#
        );
    }
}
