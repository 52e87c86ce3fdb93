//! The hash of a row, as an expression: the same on both sides, and sensitive to everything that its types print.
//!
//! Columns are hashed one after the other, by name: the hash so far is the seed of the next. Values are hashed as
//! what their type's own output function prints in the session's pinned format, so 1.0 and 1.00, -0 and 0,
//! or spaces at the end differ; text as it is; small integers by their bits, which prints nothing. Casts are
//! avoided: anyone who owns a type may define a lossy one. hashtextextended under "C" and hashint4extended are what
//! hash partitioning rests on, so they are the same in every version; that the two servers agree is probed all the same.
//!
//! Measured on rows of five columns: half of the time of hashing `row(…)::text`, whose printing was nearly all of it.
//!
//! A NULL is hashed as an empty value, and which columns are NULL is hashed before all else. Values of other types, of
//! types that differ between the sides, and of columns beyond [`CHAINED_MOST`] are hashed together as the text of a row.

use transhume_core::verify::rows::{ComparedColumn, Subject};
use transhume_wire::ident::quote_identifier;

/// Hashes of whole rows. Another than that of keys, so that one cannot stand for the other.
const IMAGE_SEED: &str = "0";
const KEY_SEED: &str = "1";

/// Columns hashed one after the other. Each is a level of nesting, and the server's parser takes some hundred
/// bytes of its stack for each; 100 stay far below the smallest `max_stack_depth`.
const CHAINED_MOST: usize = 100;

/// Columns whose being NULL is told by the bits of one number: an int4 without its sign.
const FLAGS_MOST: usize = 31;

/// Above, printing takes more memory of the server than one value should.
const PRINTED_MOST_BYTES: u32 = 64 << 20;

/// How a value goes into the hash.
enum Form {
    /// int4, or what becomes one without loss.
    Number,
    Text,
    /// By the function in `pg_catalog` that prints it.
    Printed(&'static str),
    /// Printed, or from [`PRINTED_MOST_BYTES`] on by their own hash: no server prints more than 512 MB of them.
    Bytes,
}

/// Of types of PostgreSQL's own, by `pg_type.oid`; none where the text of a row must do.
fn form(column: &ComparedColumn) -> Option<Form> {
    Some(match column.built_in? {
        16 | 21 | 23 => Form::Number,
        25 | 1043 => Form::Text,
        17 => Form::Bytes,
        19 => Form::Printed("nameout"),
        20 => Form::Printed("int8out"),
        26 => Form::Printed("oidout"),
        114 => Form::Printed("json_out"),
        142 => Form::Printed("xml_out"),
        650 => Form::Printed("cidr_out"),
        700 => Form::Printed("float4out"),
        701 => Form::Printed("float8out"),
        774 => Form::Printed("macaddr8_out"),
        790 => Form::Printed("cash_out"),
        829 => Form::Printed("macaddr_out"),
        869 => Form::Printed("inet_out"),
        1042 => Form::Printed("bpcharout"),
        1082 => Form::Printed("date_out"),
        1083 => Form::Printed("time_out"),
        1114 => Form::Printed("timestamp_out"),
        1184 => Form::Printed("timestamptz_out"),
        1186 => Form::Printed("interval_out"),
        1266 => Form::Printed("timetz_out"),
        1560 => Form::Printed("bit_out"),
        1562 => Form::Printed("varbit_out"),
        1700 => Form::Printed("numeric_out"),
        2950 => Form::Printed("uuid_out"),
        3802 => Form::Printed("jsonb_out"),
        // Arrays of bool, bytea, int2, int4, text, varchar, int8, float4, float8, timestamp, date, timestamptz,
        // numeric, uuid and jsonb.
        1000 | 1001 | 1005 | 1007 | 1009 | 1015 | 1016 | 1021 | 1022 | 1115 | 1182 | 1185 | 1231 | 2951
        | 3807 => Form::Printed("array_out"),
        _ => return None,
    })
}

/// The hash of a row.
pub(super) fn image(subject: &Subject) -> String {
    hashed(&subject.columns.iter().collect::<Vec<_>>(), IMAGE_SEED)
}

/// The hash of one value.
pub(super) fn column_image(column: &ComparedColumn) -> String {
    hashed(&[column], IMAGE_SEED)
}

/// What rows are spread by where no order of theirs is the same on both sides.
pub(super) fn location(subject: &Subject) -> String {
    if subject.key.is_empty() {
        return image(subject);
    }
    let of_key = |name: &String| subject.columns.iter().find(|column| column.name == *name);
    let columns: Vec<_> = subject.key.iter().filter_map(|key| of_key(&key.name)).collect();
    hashed(&columns, KEY_SEED)
}

pub(super) fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| stored(name)).collect::<Vec<_>>().join(", ")
}

fn stored(name: &str) -> String {
    format!("stored.{}", quote_identifier(name))
}

fn hashed(columns: &[&ComparedColumn], seed: &str) -> String {
    if columns.is_empty() {
        // A literal that is no argument of a function would be an int4.
        return format!("{seed}::pg_catalog.int8");
    }
    let mut chained: Vec<(String, Form)> = Vec::new();
    let mut others = Vec::new();
    for column in columns {
        match form(column).filter(|_| chained.len() < CHAINED_MOST) {
            Some(form) => chained.push((stored(&column.name), form)),
            None => others.push(&column.name),
        }
    }
    let names: Vec<&String> = chained.iter().map(|(name, _)| name).collect();
    let flagged = names
        .chunks(FLAGS_MOST)
        .fold(seed.to_owned(), |so_far, names| hash_nulls(&so_far, names));
    let hash = chained
        .iter()
        .fold(flagged, |so_far, column| hash_value(&so_far, column));
    if others.is_empty() {
        return hash;
    }
    hash_text(
        &format!("row({})::pg_catalog.text", list(others.into_iter())),
        &hash,
    )
}

/// Which of these columns are NULL; the bits are put together only where one is.
fn hash_nulls(seed: &str, names: &[&String]) -> String {
    let bits: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(bit, name)| format!("(({name} is null)::pg_catalog.int4 << {bit})"))
        .collect();
    let all: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    format!(
        "pg_catalog.hashint4extended(case when pg_catalog.num_nulls({}) = 0 then 0 else {} end, {seed})",
        all.join(", "),
        bits.join(" | ")
    )
}

fn hash_value(seed: &str, (name, form): &(String, Form)) -> String {
    match form {
        Form::Number => {
            format!("pg_catalog.hashint4extended(coalesce({name}::pg_catalog.int4, 0), {seed})")
        }
        Form::Text => hash_text(&format!("coalesce({name}::pg_catalog.text, '')"), seed),
        Form::Printed(function) => hash_text(
            &format!("coalesce(pg_catalog.textin(pg_catalog.{function}({name})), '')"),
            seed,
        ),
        Form::Bytes => {
            let bytes = format!(
                "case when pg_catalog.octet_length({name}) < {PRINTED_MOST_BYTES} then {name} else pg_catalog.sha256({name}) end"
            );
            hash_text(
                &format!("coalesce(pg_catalog.textin(pg_catalog.byteaout({bytes})), '')"),
                seed,
            )
        }
    }
}

fn hash_text(text: &str, seed: &str) -> String {
    format!("pg_catalog.hashtextextended(({text}) collate pg_catalog.\"C\", {seed})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(count: usize, type_oid: u32) -> Vec<ComparedColumn> {
        (0..count)
            .map(|number| ComparedColumn::new(&format!("c{number}"), type_oid, Some(type_oid)))
            .collect()
    }

    #[test]
    fn a_table_of_very_many_columns_is_not_nested_without_end() {
        let columns = columns(1600, 25);
        let sql = hashed(&columns.iter().collect::<Vec<_>>(), IMAGE_SEED);
        assert_eq!(sql.matches("coalesce").count(), CHAINED_MOST);
        assert_eq!(sql.matches("stored.\"c1599\"").count(), 1);
    }

    #[test]
    fn rows_without_columns_have_a_hash() {
        assert_eq!(hashed(&[], IMAGE_SEED), "0::pg_catalog.int8");
    }

    #[test]
    fn a_type_that_is_not_known_is_hashed_as_a_row() {
        let sql = column_image(&ComparedColumn::new("a", 3802, Some(114)));
        assert_eq!(
            sql,
            r#"pg_catalog.hashtextextended((row(stored."a")::pg_catalog.text) collate pg_catalog."C", 0)"#
        );
    }
}
