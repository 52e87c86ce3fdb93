//! The report of a verification as text: rows that differ first, since they are what must be looked at.
//!
//! A page, however many tables there are: the rest is counted, and where all of them stand is said.

use std::{fmt::Write as _, time::Duration};

use transhume_engine::verify::{DifferenceKind, RowFinding, TableComparison, Verification};

use transhume_engine::count::{and_more, counted, grouped};

use crate::show::{
    quantity::Span,
    terminal::{
        findings::Shown,
        objects,
        style::{Style, Tone},
        table::table,
    },
};

/// Tables that are listed: with what is said of objects they fit on two screens.
const LISTED: usize = 40;

pub(super) fn text(verification: &Verification, style: Style, shown: Shown) -> String {
    let (equal, different): (Vec<_>, Vec<_>) = verification.tables.iter().partition(|table| table.equal);
    let most = match shown {
        Shown::Few => LISTED,
        Shown::All => usize::MAX,
    };
    let lines = different.iter().chain(&equal).take(most).map(|table| line(table));
    let listed = table(&["table", "source rows", "target rows", "result"], &[1, 2], lines);
    let mut text = format!("{listed}{}\n", not_listed(different.len(), equal.len(), most));
    for table in different.iter().take(most) {
        push(&mut text, &rows_of(table, &verification.rows));
    }
    let repaired = verification.rows.iter().filter(|row| row.repaired).count();
    if repaired > 0 {
        let rows = grouped(repaired as u64);
        push(
            &mut text,
            &format!("rows that were found different and rewritten: {rows}\n"),
        );
    }
    let seconds = Duration::try_from_secs_f64(verification.seconds).unwrap_or_default();
    let scope = match verification.mode.as_str() {
        "sample" => " (a sample)",
        _ => "",
    };
    let undecided = different.iter().filter(|table| !table.is_different()).count();
    let result = match different.len() - undecided {
        0 if undecided > 0 => style.paint(
            Tone::Bad,
            &format!(
                "not decided, since it changed all the time: {}",
                counted(undecided, "table")
            ),
        ),
        0 => style.paint(Tone::Good, "the rows of both sides are equal"),
        1 => style.paint(Tone::Bad, "1 table differs"),
        many => style.paint(Tone::Bad, &format!("{} differ", counted(many, "table"))),
    };
    let unchanged = verification
        .tables
        .iter()
        .filter(|table| table.unchanged.is_some());
    let compared = counted(verification.tables.len() - unchanged.clone().count(), "table");
    let lsn = verification.lsn;
    push(
        &mut text,
        &format!(
            "{result}: {compared} compared{scope} at {lsn} in {}\n",
            Span(seconds)
        ),
    );
    push(&mut text, &left_out(unchanged));
    if different.len() > undecided
        && verification
            .rows
            .iter()
            .any(|row| !row.repaired && !row.undecided)
    {
        push(
            &mut text,
            "to rewrite these rows on the target: transhume verify --repair\n",
        );
    }
    if !verification.objects.compared.is_empty() {
        push(
            &mut text,
            &format!("\n{}", objects::text(&verification.objects, style, shown)),
        );
    }
    text
}

/// How many more tables there are, of those that differ and of the others.
fn not_listed(different: usize, equal: usize, most: usize) -> String {
    let rest = (different + equal).saturating_sub(most);
    if rest == 0 {
        return String::new();
    }
    let state = match different.saturating_sub(most) {
        0 => "all of them equal".to_owned(),
        not_equal => format!("{} of them not equal", grouped(not_equal as u64)),
    };
    format!(
        "… {}, {state}: --all lists them, and \"transhume report\" writes every table into a file\n",
        and_more(rest)
    )
}

fn push(text: &mut String, more: &str) {
    text.write_str(more).expect("writing into a string cannot fail");
}

fn line(comparison: &TableComparison) -> Vec<String> {
    let count = |rows: Option<i64>| {
        rows.map_or_else(String::new, |rows| {
            u64::try_from(rows).map_or_else(|_| rows.to_string(), grouped)
        })
    };
    let result = if let Some(unchanged) = &comparison.unchanged {
        format!(
            "unchanged since it was found equal {} ago",
            ago(unchanged.seconds)
        )
    } else if comparison.equal {
        "equal".to_owned()
    } else if comparison.is_different() {
        "DIFFERENT".to_owned()
    } else if comparison.undecided == 0 {
        "NOT DECIDED".to_owned()
    } else {
        format!("NOT DECIDED: {}", counted(rows(comparison.undecided), "row"))
    };
    let result = if comparison.note.is_empty() {
        result
    } else {
        format!("{result}: {}", comparison.note)
    };
    vec![
        comparison.table.plain(),
        count(comparison.source_rows),
        count(comparison.target_rows),
        result,
    ]
}

/// What was not compared again, and what that promises.
fn left_out<'a>(unchanged: impl Iterator<Item = &'a TableComparison>) -> String {
    let ages: Vec<f64> = unchanged
        .filter_map(|table| Some(table.unchanged.as_ref()?.seconds))
        .collect();
    if ages.is_empty() {
        return String::new();
    }
    let oldest = ages.iter().copied().fold(0.0, f64::max);
    format!(
        "{} not compared again: no change has reached them since they were found equal, up to {} ago \
         (what others write on the target is not seen by that)\n",
        counted(ages.len(), "table"),
        ago(oldest)
    )
}

fn ago(seconds: f64) -> Span {
    // Whole seconds: nobody decides by less here.
    Span(Duration::try_from_secs_f64(seconds.floor()).unwrap_or_default())
}

fn rows(count: i64) -> usize {
    usize::try_from(count).unwrap_or_default()
}

/// What is known of the rows of a table that differ.
fn rows_of(comparison: &TableComparison, rows: &[RowFinding]) -> String {
    let named: Vec<_> = rows
        .iter()
        .filter(|row| row.table == comparison.table && !row.repaired)
        .collect();
    if named.is_empty() {
        return String::new();
    }
    let at_least = if comparison.is_all { "" } else { "at least " };
    let count = grouped(comparison.differences.unsigned_abs());
    let undecided = match comparison.undecided {
        0 => String::new(),
        many => format!(", not decided: {}", grouped(many.unsigned_abs())),
    };
    let mut text = format!(
        "{}: rows that differ: {at_least}{count}{undecided}\n",
        comparison.table.plain()
    );
    let mut reported = 0;
    for row in &named {
        reported += row.rows;
        push(&mut text, &format!("  {}\n", row_line(row)));
        push(&mut text, &values(row));
    }
    let more = comparison.differences + comparison.undecided - reported;
    if more > 0 {
        let more = and_more(more.unsigned_abs());
        push(&mut text, &format!("  … {more} (--rows names more of them)\n"));
    }
    text.push('\n');
    text
}

fn row_line(row: &RowFinding) -> String {
    let name = if row.key.is_empty() {
        let copies = if row.rows == 1 {
            String::new()
        } else {
            format!("{} × ", row.rows)
        };
        format!("{copies}row with hash {}", row.hash)
    } else {
        let parts: Vec<String> = row
            .key
            .iter()
            .map(|(column, value)| format!("{} = {}", column.escape_debug(), value.escape_debug()))
            .collect();
        parts.join(", ")
    };
    match row.difference {
        _ if row.undecided => format!("not decided, it changes all the time: {name}"),
        DifferenceKind::Missing => format!("missing on the target: {name}"),
        DifferenceKind::Surplus => format!("only on the target: {name}"),
        DifferenceKind::Different => format!("different: {name}; columns {}", escaped(&row.columns)),
    }
}

fn escaped(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.escape_debug().to_string()).collect();
    names.join(", ")
}

fn values(row: &RowFinding) -> String {
    let mut text = String::new();
    if row.source_values.is_none() && row.target_values.is_none() {
        return text;
    }
    let shown = |values: &Option<Vec<Option<String>>>, number: usize| match values {
        None => "(no row)".to_owned(),
        Some(values) => match values.get(number) {
            Some(Some(value)) => format!("'{}'", value.escape_debug()),
            _ => "NULL".to_owned(),
        },
    };
    for (number, column) in row.columns.iter().enumerate() {
        let source = shown(&row.source_values, number);
        let target = shown(&row.target_values, number);
        let column = column.escape_debug();
        push(
            &mut text,
            &format!("    {column}: source {source}, target {target}\n"),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use transhume_engine::{ident::QualifiedName, lsn::Lsn, verify::ObjectComparison};

    use super::*;

    fn comparison(name: &str, source_rows: i64, target_rows: i64) -> TableComparison {
        TableComparison {
            table: QualifiedName::new("shop", name),
            lsn: Lsn(0x16_0000),
            source_rows: Some(source_rows),
            target_rows: Some(target_rows),
            equal: source_rows == target_rows,
            differences: (source_rows - target_rows).abs() + 1,
            decided: true,
            is_all: true,
            undecided: 0,
            unchanged: None,
            note: String::new(),
        }
    }

    fn nothing_compared() -> Verification {
        Verification {
            equal: false,
            undecided: 0,
            mode: "full".to_owned(),
            lsn: Lsn(0x16_0000),
            seconds: 2.5,
            tables: Vec::new(),
            rows: Vec::new(),
            objects: ObjectComparison::default(),
            not_compared: Vec::new(),
        }
    }

    #[test]
    fn what_differs_comes_first_and_rows_are_named() {
        let verification = Verification {
            tables: vec![comparison("customer", 1_200, 1_200), comparison("orders", 30, 29)],
            rows: vec![RowFinding {
                table: QualifiedName::new("shop", "orders"),
                difference: DifferenceKind::Different,
                key: vec![("id".to_owned(), "7".to_owned())],
                hash: String::new(),
                rows: 1,
                columns: vec!["note".to_owned()],
                source_values: Some(vec![Some(String::new())]),
                target_values: Some(vec![None]),
                repaired: false,
                undecided: false,
            }],
            ..nothing_compared()
        };
        let expected = "\
table          source rows  target rows  result
shop.orders             30           29  DIFFERENT
shop.customer        1,200        1,200  equal

shop.orders: rows that differ: 2
  different: id = 7; columns note
    note: source '', target NULL
  … and 1 more (--rows names more of them)

1 table differs: 2 tables compared at 0/160000 in 2.5 s
to rewrite these rows on the target: transhume verify --repair
";
        assert_eq!(text(&verification, Style::plain(), Shown::Few), expected);
    }

    #[test]
    fn the_report_of_very_many_tables_is_a_page() {
        let name = |number| format!("small_{number}");
        let mut verification = Verification {
            tables: (0..25_000)
                .map(|number| comparison(&name(number), 20, 20))
                .collect(),
            ..nothing_compared()
        };
        let page = text(&verification, Style::plain(), Shown::Few);
        assert!(page.lines().count() < 60, "{page}");
        assert!(page.contains("… and 24,960 more, all of them equal"), "{page}");
        let whole = text(&verification, Style::plain(), Shown::All);
        assert!(whole.lines().count() > 25_000 && !whole.contains("more, all of them"));
        let differ = (0..50).map(|number| comparison(&name(number), 20, 19));
        verification.tables.splice(..50, differ);
        let page = text(&verification, Style::plain(), Shown::Few);
        assert!(page.contains("… and 24,960 more, 10 of them not equal"), "{page}");
        assert!(
            page.contains("50 tables differ: 25,000 tables compared"),
            "{page}"
        );
    }
}
