//! Texts of the statements. All names are quoted.

use transhume_core::verify::rows::{Cut, Region, Subject};
use transhume_wire::ident::{quote_identifier, quote_literal};

use super::{
    dividing::{bucket, by_hash, numbers, within},
    image::{column_image, image, list},
};
use crate::{catalog::extent::rows_of, load::null_test::is_null};

/// Who wrote this version of a row and where it lies: another one has another of the two.
const VERSION: &str = "(stored.xmin::pg_catalog.text || stored.ctid::pg_catalog.text)";

fn stored(subject: &Subject) -> String {
    rows_of(&subject.table, subject.is_partitioned)
}

fn from_where(subject: &Subject, conditions: &[String]) -> String {
    let filter = if conditions.is_empty() {
        String::new()
    } else {
        format!(" where {}", conditions.join(" and "))
    };
    format!("from {} as stored{filter}", stored(subject))
}

/// Digests by bucket: bucket, rows, sum as text. `piece` is a further condition, '' for none.
pub(super) fn buckets(subject: &Subject, region: &Region, piece: &str, cut: &Cut) -> String {
    let mut conditions = within(subject, region);
    if !piece.is_empty() {
        conditions.push(format!("({piece})"));
    }
    let rows = from_where(subject, &conditions);
    let image = image(subject);
    let inner = match cut {
        // The image is what rows are spread by: computed once, behind a fence.
        Cut::Hash { shift, bits } if subject.key.is_empty() => format!(
            "select {} as bucket, image from (select {image} as image {rows} offset 0) as imaged",
            by_hash("image", *shift, *bits)
        ),
        _ => format!(
            "select {} as bucket, {image} as image {rows}",
            bucket(subject, cut)
        ),
    };
    // Behind a fence the planner takes the buckets for few. Else it expects one for each row and prepares a table
    // of so many groups, which costs a third of the query.
    format!(
        "select bucket, pg_catalog.count(*), pg_catalog.sum(image)::pg_catalog.text \
         from ({inner} offset 0) as hashed group by bucket"
    )
}

/// Of several small tables at once, each with its number: number, bucket, rows, sum as text.
pub(super) fn buckets_of_all(subjects: &[&Subject]) -> String {
    let of_one = |(number, subject): (usize, &&Subject)| {
        let buckets = buckets(subject, &Region::default(), "", &subject.cut);
        format!("select {number}::pg_catalog.int4, of_one.* from ({buckets}) as of_one")
    };
    let all: Vec<String> = subjects.iter().enumerate().map(of_one).collect();
    all.join("\nunion all ")
}

fn key_texts(subject: &Subject) -> String {
    let texts: Vec<String> = subject
        .key
        .iter()
        .map(|column| format!("stored.{}::pg_catalog.text", quote_identifier(&column.name)))
        .collect();
    format!("array[{}]::pg_catalog.text[]", texts.join(", "))
}

/// Key and hash of each row.
pub(super) fn keyed_rows(subject: &Subject, region: &Region) -> String {
    format!(
        "select {} as key, {} as image {}",
        key_texts(subject),
        image(subject),
        from_where(subject, &within(subject, region))
    )
}

/// Whether a row has NULL in its key.
pub(super) fn null_in_key(subject: &Subject) -> String {
    let conditions: Vec<String> = subject
        .key
        .iter()
        .map(|column| is_null(&format!("stored.{}", quote_identifier(&column.name))))
        .collect();
    format!(
        "select exists (select {})",
        from_where(subject, &[conditions.join(" or ")])
    )
}

/// Hash and number of equal rows.
pub(super) fn images(subject: &Subject, region: &Region) -> String {
    format!(
        "select {} as image, pg_catalog.count(*) {} group by 1",
        image(subject),
        from_where(subject, &within(subject, region))
    )
}

/// Keys of some rows from all over the table; $1 is a percentage of its pages, $2 the most rows.
pub(super) fn sample(subject: &Subject) -> String {
    format!(
        "select {} as key from {} as stored tablesample system ($1::pg_catalog.float4) limit $2::pg_catalog.int8",
        key_texts(subject),
        stored(subject)
    )
}

/// Rows with the keys of the parameters, one array of texts for each key column: the key and `wanted`.
pub(super) fn by_key(subject: &Subject, wanted: &str) -> String {
    let lists = (1..=subject.key.len()).map(|number| format!("${number}::pg_catalog.text[]"));
    format!(
        "select {} as key, {wanted} {}",
        key_texts(subject),
        from_keys(subject, &lists.collect::<Vec<_>>())
    )
}

/// These columns of the rows with these keys: for COPY, which takes no parameters.
pub(super) fn columns_of_keys(subject: &Subject, columns: &[String], keys: &[Vec<String>]) -> String {
    let lists = (0..subject.key.len()).map(|column| {
        let texts: Vec<String> = keys.iter().map(|key| quote_literal(&key[column])).collect();
        format!("array[{}]::pg_catalog.text[]", texts.join(", "))
    });
    format!(
        "select {} {}",
        list(columns.iter()),
        from_keys(subject, &lists.collect::<Vec<_>>())
    )
}

/// Rows with the keys of these arrays, one for each key column.
fn from_keys(subject: &Subject, lists: &[String]) -> String {
    let names: Vec<String> = (1..=lists.len()).map(|number| format!("k{number}")).collect();
    let conditions: Vec<String> = subject
        .key
        .iter()
        .zip(&names)
        .map(|(column, given)| {
            format!(
                "stored.{} {} given.{given}::{}",
                quote_identifier(&column.name),
                column.equality,
                column.type_name
            )
        })
        .collect();
    format!(
        "from {} as stored, unnest({}) as given ({}) where {}",
        stored(subject),
        lists.join(", "),
        names.join(", "),
        conditions.join(" and ")
    )
}

/// The hash of a row, for [`by_key`].
pub(super) fn wanted_image(subject: &Subject) -> String {
    format!("{} as wanted", image(subject))
}

/// The hash of a row, and which version of it this is, for [`by_key`].
pub(super) fn wanted_version(subject: &Subject) -> String {
    format!("{}, {VERSION} as version", wanted_image(subject))
}

/// Hash, number and versions of the rows with the hashes $1.
pub(super) fn versions_by_image(subject: &Subject) -> String {
    let image = image(subject);
    let rows = from_where(subject, &[format!("{image} = any ($1::pg_catalog.int8[])")]);
    format!(
        "select {image} as image, pg_catalog.count(*), \
         pg_catalog.md5(pg_catalog.string_agg({VERSION}, ' ' order by stored.ctid)) {rows} group by 1"
    )
}

/// The texts of a row's columns, or the hashes of those texts, for [`by_key`].
pub(super) fn wanted_columns(subject: &Subject, values: bool) -> String {
    let columns: Vec<String> = subject
        .columns
        .iter()
        .map(|column| {
            if values {
                format!("stored.{}::pg_catalog.text", quote_identifier(&column.name))
            } else {
                format!("{}::pg_catalog.text", column_image(column))
            }
        })
        .collect();
    format!("array[{}]::pg_catalog.text[] as wanted", columns.join(", "))
}

/// How many rows have each of the hashes $1.
pub(super) fn counts_by_image(subject: &Subject) -> String {
    let image = image(subject);
    let rows = from_where(subject, &[format!("{image} = any ($1::pg_catalog.int8[])")]);
    format!("select {image} as image, pg_catalog.count(*) {rows} group by 1")
}

/// These columns of so many rows with each of these hashes: for COPY, which takes no parameters.
pub(super) fn columns_of_images(subject: &Subject, columns: &[String], wanted: &[(i64, i64)]) -> String {
    let image = image(subject);
    // Numbers instead of names: a column may be called as one of ours.
    let names: Vec<String> = (1..=columns.len()).map(|number| format!("c{number}")).collect();
    let selected: Vec<String> = columns
        .iter()
        .zip(&names)
        .map(|(column, name)| format!("stored.{} as {name}, ", quote_identifier(column)))
        .collect();
    let (hashes, rows): (Vec<String>, Vec<String>) = wanted
        .iter()
        .map(|(hash, rows)| (format!("'{hash}'"), rows.to_string()))
        .unzip();
    let hashes = format!("array[{}]::pg_catalog.int8[]", hashes.join(", "));
    format!(
        "select {} from (select {}{image} as image, pg_catalog.row_number() over (partition by {image}) as place {}) as placed, \
         unnest({hashes}, array[{}]::pg_catalog.int8[]) as wanted (image, rows) \
         where placed.image = wanted.image and placed.place <= wanted.rows",
        names.join(", "),
        selected.concat(),
        from_where(subject, &[format!("{image} = any ({hashes})")]),
        rows.join(", ")
    )
}

/// Deletes up to $2 rows with the hash $1.
pub(super) fn delete_image(subject: &Subject) -> String {
    let found = from_where(subject, &[format!("{} = $1::pg_catalog.int8", image(subject))]);
    delete_places(
        subject,
        &format!("select {} {found} limit $2::pg_catalog.int8", places(subject)),
    )
}

/// Deletes the rows with the keys of the parameters.
pub(super) fn delete_by_key(subject: &Subject) -> String {
    // Beside the key that every such query gives.
    let wanted = if subject.is_partitioned {
        "stored.tableoid as wanted_table, stored.ctid as wanted"
    } else {
        "stored.ctid as wanted"
    };
    let columns = if subject.is_partitioned {
        "found.wanted_table, found.wanted"
    } else {
        "found.wanted"
    };
    let found = by_key(subject, wanted);
    delete_places(subject, &format!("select {columns} from ({found}) as found"))
}

fn places(subject: &Subject) -> &'static str {
    if subject.is_partitioned {
        "stored.tableoid, stored.ctid"
    } else {
        "stored.ctid"
    }
}

fn delete_places(subject: &Subject, found: &str) -> String {
    let rows = stored(subject);
    if subject.is_partitioned {
        format!("delete from {rows} where (tableoid, ctid) in ({found})")
    } else {
        // An array of places is read by them; a query would join with the whole table.
        format!("delete from {rows} where ctid = any (array({found}))")
    }
}

/// Reads rows as text into these columns, where there are any: by the types' own input functions, so nothing is cast, cut or
/// rounded.
pub(super) fn copy_in(subject: &Subject, columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|name| quote_identifier(name)).collect();
    let listed = if names.is_empty() {
        String::new()
    } else {
        format!("({})", names.join(", "))
    };
    format!("copy {} {listed} from stdin", subject.table)
}

/// Smallest and largest value of the column whose numbers rows are divided by, as texts.
pub(super) fn extremes(subject: &Subject) -> Option<String> {
    let (column, _) = numbers(subject)?;
    let rows = from_where(subject, &[format!("{column} is not null")]);
    let first = |direction: &str| {
        format!("(select {column}::pg_catalog.text {rows} order by {column} {direction} limit 1)")
    };
    Some(format!("select {}, {}", first("asc"), first("desc")))
}

#[cfg(test)]
mod tests {
    use transhume_core::verify::rows::{ComparedColumn, KeyColumn, Region};
    use transhume_wire::ident::{OperatorName, QualifiedName};

    use super::*;

    #[test]
    fn hostile_names_are_quoted() {
        let subject = Subject {
            table: QualifiedName::new("s", "t"),
            columns: vec![
                ComparedColumn::new("id", 20, Some(20)),
                ComparedColumn::new("a\"b", 25, None),
            ],
            key: vec![KeyColumn {
                name: "id".to_owned(),
                type_name: "bigint".to_owned(),
                equality: OperatorName::equal(),
            }],
            spread: Vec::new(),
            extremes: None,
            cut: Cut::Whole,
            is_sampled: false,
            is_partitioned: false,
        };
        let sql = keyed_rows(&subject, &Region::default());
        assert!(sql.contains(r#"stored."id""#) && sql.contains(r#"row(stored."a""b")"#));
    }
}
