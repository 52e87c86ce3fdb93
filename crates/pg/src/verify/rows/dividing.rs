//! Regions and buckets as SQL.
//!
//! In which bucket a row lies is told by its values alone: by numbers, or by texts in the order of their bytes, which is
//! the same whatever the collation. An index sorts texts by its collation; that a range of bytes is within the same
//! range of the collation is a guess that makes it quick, and the caller counts whether it was right.

use transhume_core::verify::rows::{
    Cut, HashPrefix, KeyDomain, Order, OrdinalRange, Region, SpreadColumn, Subject, ValueRange,
};
use transhume_wire::ident::{quote_identifier, quote_literal};

use super::image::location;
use crate::catalog::extent::rows_of;

/// The column whose numbers rows are divided by.
pub(super) fn numbers(subject: &Subject) -> Option<(String, KeyDomain)> {
    let (name, domain) = subject.numbers()?;
    Some((format!("stored.{}", quote_identifier(name)), domain))
}

pub(super) fn bound(domain: KeyDomain, ordinal: i128) -> String {
    format!("{}::{}", quote_literal(&domain.text(ordinal)), domain.type_name())
}

/// Rows of the region, as conditions. The ends of the whole table are open: whatever lies beyond what was
/// seen of the numbers belongs to the outermost regions.
pub(super) fn within(subject: &Subject, region: &Region) -> Vec<String> {
    let mut conditions = Vec::new();
    if let (Some(range), Some((column, domain))) = (region.range, numbers(subject)) {
        let open = subject.extremes.unwrap_or(OrdinalRange::EVERYTHING);
        if range.from > open.from {
            conditions.push(format!("{column} >= {}", bound(domain, range.from)));
        }
        if range.to < open.to {
            conditions.push(format!("{column} < {}", bound(domain, range.to)));
        }
    }
    if let Some(values) = &region.values {
        conditions.extend(within_values(&subject.spread, values));
    }
    if !region.buckets.is_empty() {
        let numbers: Vec<String> = region.buckets.iter().map(i32::to_string).collect();
        conditions.push(format!(
            "{} = any ('{{{}}}'::pg_catalog.int4[])",
            bucket(subject, &subject.cut),
            numbers.join(",")
        ));
    }
    conditions.extend(region.hash.as_ref().map(|hash| has_prefix(subject, hash)));
    conditions
}

fn has_prefix(subject: &Subject, hash: &HashPrefix) -> String {
    let mask = if hash.bits < i64::BITS {
        (1_i64 << hash.bits) - 1
    } else {
        -1
    };
    let values: Vec<String> = hash.values.iter().map(i64::to_string).collect();
    format!(
        "{} & ({mask})::pg_catalog.int8 = any ('{{{}}}'::pg_catalog.int8[])",
        location(subject),
        values.join(",")
    )
}

/// The number of the bucket that a row falls into.
pub(super) fn bucket(subject: &Subject, cut: &Cut) -> String {
    match cut {
        Cut::Whole => "0".to_owned(),
        Cut::Ranges { bounds } => by_numbers(subject, bounds),
        Cut::Values { bounds } => by_halves(bounds, 0, &|bound| by_bytes(&subject.spread, "<", bound)),
        Cut::Hash { shift, bits } => by_hash(&location(subject), *shift, *bits),
    }
}

pub(super) fn by_hash(hash: &str, shift: u32, bits: u32) -> String {
    format!("({hash} >> {shift} & {})::pg_catalog.int4", (1_i64 << bits) - 1)
}

fn by_numbers(subject: &Subject, bounds: &[i128]) -> String {
    let Some((column, domain)) = numbers(subject) else {
        return "0".to_owned();
    };
    if domain == KeyDomain::Numeric {
        return by_halves(bounds, 0, &|ordinal| {
            format!("{column} < {}", bound(domain, *ordinal))
        });
    }
    let bounds: Vec<String> = bounds.iter().map(|bound| domain.text(*bound)).collect();
    let name = domain.type_name();
    // What is NULL has no bucket of its own; it is not found by a range either, so its bucket is read without one.
    format!(
        "coalesce(pg_catalog.width_bucket({column}::{name}, '{{{}}}'::{name}[]), 0)",
        bounds.join(",")
    )
}

/// A search for the row's place among the bounds. Through an array of values of no fixed length `width_bucket` walks
/// from the beginning, so that with a thousand of them it takes four times as long.
fn by_halves<B>(bounds: &[B], below: usize, is_below: &dyn Fn(&B) -> String) -> String {
    let middle = bounds.len() / 2;
    let Some(bound) = bounds.get(middle) else {
        return below.to_string();
    };
    format!(
        "case when {} then {} else {} end",
        is_below(bound),
        by_halves(&bounds[..middle], below, is_below),
        by_halves(&bounds[middle + 1..], below + middle + 1, is_below)
    )
}

/// The exact range, and the range of the index that it should lie within.
fn within_values(columns: &[SpreadColumn], range: &ValueRange) -> Vec<String> {
    let mut conditions = Vec::new();
    if let Some(from) = &range.from {
        conditions.push(by_bytes(columns, ">=", from));
    }
    if let Some(to) = &range.to {
        conditions.push(by_bytes(columns, "<", to));
    }
    conditions.extend(asked_of_the_index(columns, range));
    conditions
}

/// Columns in which both ends are the same are said to be so: the planner guesses far better.
fn asked_of_the_index(columns: &[SpreadColumn], range: &ValueRange) -> Vec<String> {
    let alike = range.alike();
    let same = range.from.iter().flatten().zip(columns).take(alike);
    let mut conditions: Vec<String> = same
        .map(|(value, column)| one_by_collation(column, "=", value))
        .collect();
    let beginning = range.beginning(columns).filter(|_| range.is_widened);
    if let Some(beginning) = beginning {
        let column = &columns[beginning.column];
        conditions.push(one_by_collation(column, ">=", &beginning.from));
        conditions.push(one_by_collation(column, "<", &beginning.below));
    } else if alike < columns.len() {
        let ends = [(">=", &range.from), ("<=", &range.to)];
        conditions.extend(ends.into_iter().filter_map(|(operator, end)| {
            let end = end.as_ref()?;
            Some(by_collation(&columns[alike..], operator, &end[alike..]))
        }));
    }
    conditions
}

fn one_by_collation(column: &SpreadColumn, operator: &str, value: &str) -> String {
    by_collation(
        std::slice::from_ref(column),
        operator,
        std::slice::from_ref(&value.to_owned()),
    )
}

fn by_bytes(columns: &[SpreadColumn], operator: &str, values: &[String]) -> String {
    compared(columns, operator, values, |column, value| {
        let name = stored(column);
        let value = quote_literal(value);
        match column.order {
            Order::Numbers(domain) => (name, format!("{value}::{}", domain.type_name())),
            Order::Text | Order::Padded => (
                format!("({name}::pg_catalog.text collate pg_catalog.\"C\")"),
                format!("{value}::pg_catalog.text"),
            ),
            Order::Bytes => (name, format!("{value}::pg_catalog.bytea")),
        }
    })
}

fn by_collation(columns: &[SpreadColumn], operator: &str, values: &[String]) -> String {
    compared(columns, operator, values, |column, value| {
        let type_name = match column.order {
            Order::Numbers(domain) => domain.type_name(),
            Order::Text => "pg_catalog.text",
            Order::Padded => "pg_catalog.bpchar",
            Order::Bytes => "pg_catalog.bytea",
        };
        (stored(column), format!("{}::{type_name}", quote_literal(value)))
    })
}

fn compared(
    columns: &[SpreadColumn],
    operator: &str,
    values: &[String],
    sides: impl Fn(&SpreadColumn, &str) -> (String, String),
) -> String {
    let (left, right): (Vec<String>, Vec<String>) = columns
        .iter()
        .zip(values)
        .map(|(column, value)| sides(column, value))
        .unzip();
    match (left.as_slice(), right.as_slice()) {
        ([left], [right]) => format!("{left} {operator} {right}"),
        _ => format!("({}) {operator} ({})", left.join(", "), right.join(", ")),
    }
}

fn stored(column: &SpreadColumn) -> String {
    format!("stored.{}", quote_identifier(&column.name))
}

/// Values of the spread's columns in some rows of these pages, in their order; longer texts than `$1` bytes are left
/// out, since every statement that divides by them carries them.
pub(super) fn picked_values(subject: &Subject, pages: &[i64]) -> String {
    let names: Vec<String> = (1..=subject.spread.len())
        .map(|number| format!("v{number}"))
        .collect();
    let values: Vec<String> = subject
        .spread
        .iter()
        .zip(&names)
        .map(|(column, name)| {
            let stored = stored(column);
            match column.order {
                Order::Text | Order::Padded => {
                    format!("({stored}::pg_catalog.text collate pg_catalog.\"C\") as {name}")
                }
                Order::Numbers(_) | Order::Bytes => format!("{stored} as {name}"),
            }
        })
        .collect();
    let texts: Vec<String> = names
        .iter()
        .map(|name| format!("{name}::pg_catalog.text"))
        .collect();
    let lengths: Vec<String> = texts
        .iter()
        .map(|text| format!("pg_catalog.octet_length({text}) <= $1::pg_catalog.int4"))
        .collect();
    let places: Vec<String> = pages
        .iter()
        .flat_map(|page| (1..=ROWS_OF_A_PAGE).map(move |line| format!("\"({page},{line})\"")))
        .collect();
    format!(
        "select array[{}]::pg_catalog.text[] from (select distinct {} from {} as stored \
         where stored.ctid = any ('{{{}}}'::pg_catalog.tid[])) as picked where {} order by {}",
        texts.join(", "),
        values.join(", "),
        rows_of(&subject.table, subject.is_partitioned),
        places.join(","),
        lengths.join(" and "),
        names.join(", ")
    )
}

/// Looked at in each page that values are picked from: some may not be there any more.
const ROWS_OF_A_PAGE: usize = 4;

/// Conditions that cut one side of a table into so many pieces of about equal size: by pages where the server
/// reads ranges of them (since 14), else by numbers, else not at all. None where it cannot be cut.
pub(super) fn pieces(subject: &Subject, by_pages: bool, pages: i64, count: usize) -> Option<Vec<String>> {
    let between = |number: usize, bound: &dyn Fn(usize) -> String, operand: &str| {
        let mut conditions = Vec::new();
        if number > 0 {
            conditions.push(format!("{operand} >= {}", bound(number)));
        }
        if number + 1 < count {
            conditions.push(format!("{operand} < {}", bound(number + 1)));
        }
        conditions.join(" and ")
    };
    if by_pages {
        let page = |number: usize| {
            let page = i128::from(pages) * number as i128 / count as i128;
            format!("'({page},0)'::pg_catalog.tid")
        };
        return Some(
            (0..count)
                .map(|number| between(number, &page, "stored.ctid"))
                .collect(),
        );
    }
    let (column, domain) = numbers(subject)?;
    let Cut::Ranges { bounds } = &subject.cut else {
        return None;
    };
    let cut = |number: usize| bound(domain, bounds[number * bounds.len() / count]);
    let piece = |number: usize| {
        let range = between(number, &cut, &column);
        if number > 0 || range.is_empty() {
            range
        } else {
            // Else nobody would read those rows.
            format!("({range} or {column} is null)")
        }
    };
    (bounds.len() >= count).then(|| (0..count).map(piece).collect())
}

#[cfg(test)]
#[path = "dividing_tests.rs"]
mod tests;
