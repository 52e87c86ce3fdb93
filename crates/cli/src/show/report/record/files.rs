//! What stands beside the page: every table as a line of CSV (RFC 4180), and statements as a file for psql.

use std::fmt::Write;

use transhume_engine::{
    printable::escape_on_one_line,
    status::{Record, Return, TableState},
};

const HEAD: &str = "schema,table,state,rows loaded,inserts,updates,deletes,stored,verified at,result,rows that differ,\
                    source rows,target rows,source digest,target digest\r\n";

pub(super) fn tables(tables: &[TableState]) -> String {
    let mut text = HEAD.to_owned();
    for table in tables {
        let cells = cells(table).map(|cell| quoted(&cell));
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cells(table: &TableState) -> [String; 15] {
    let changed = |count: fn(&transhume_engine::status::ChangedRows) -> u64| {
        table
            .changed
            .as_ref()
            .map_or_else(String::new, |changed| count(changed).to_string())
    };
    let verified = table.verified.as_ref();
    let read = verified.and_then(|verified| verified.read.as_ref());
    let or_empty = |cell: Option<String>| cell.unwrap_or_default();
    [
        table.schema.clone(),
        table.name.clone(),
        table.state.clone(),
        table.load.rows.to_string(),
        changed(|changed| changed.inserts),
        changed(|changed| changed.updates),
        changed(|changed| changed.deletes),
        table.exceptions.to_string(),
        or_empty(verified.map(|verified| verified.at.clone())),
        super::page::result(table).to_owned(),
        or_empty(verified.map(|verified| verified.differences.to_string())),
        or_empty(read.map(|read| read.source_rows.to_string())),
        or_empty(read.map(|read| read.target_rows.to_string())),
        or_empty(read.map(|read| read.source_digest.clone())),
        or_empty(read.map(|read| read.target_digest.clone())),
    ]
}

/// A name that begins like a formula would be one in a spreadsheet: it gets an apostrophe before it.
fn quoted(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

/// Nothing runs by accident: each side is a section of its own, to be taken out and run there.
pub(super) fn returns(database: &str, record: &Record) -> String {
    let mut text = String::new();
    let mut say = |line: &str| writeln!(text, "-- {}", escape_on_one_line(line)).expect("text grows");
    say(&format!(
        "What transhume changed for {database} and has not put back, as of {}.",
        record.written_at
    ));
    say(&format!("Migration {}.", record.status.migration));
    say(
        "\"transhume fallback\" moves the application back with all that was written since; \"transhume finish\" and",
    );
    say(
        "\"transhume abort\" run what is needed of this. By hand it is for the day when neither can be had: never open the",
    );
    say("source to writers while the application writes to the target.");
    for (side, server) in [
        ("application", "between the application and its database"),
        ("source", record.status.source.as_str()),
        ("target", record.status.target.as_str()),
    ] {
        section(&mut text, side, server, &record.returns);
    }
    text
}

fn section(text: &mut String, side: &str, server: &str, returns: &[Return]) {
    let returns: Vec<&Return> = returns.iter().filter(|one| one.side == side).collect();
    if returns.is_empty() {
        return;
    }
    writeln!(text, "\n-- On {}:", escape_on_one_line(server)).expect("text grows");
    for one in returns {
        writeln!(text, "\n-- {}", escape_on_one_line(&one.description)).expect("text grows");
        for statement in &one.statements {
            writeln!(text, "{statement};").expect("text grows");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_cell_and_no_formula() {
        assert_eq!(quoted("orders"), "orders");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(quoted("=1+2"), "'=1+2");
    }
}
