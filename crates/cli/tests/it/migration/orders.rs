//! Rows are found by reading little of a table again, through indexes that sort unlike on both sides; and where an index
//! does not hold what it should, nothing is missed and nothing is made up.

use std::collections::BTreeSet;

use serde_json::Value;
use transhume_testkit::connection::connect;

use super::site::Site;

const TABLES: &str = include_str!("sql/orders.sql");

/// One row is changed in each; an index finds it, in whatever order the server keeps it.
const FOUND_BY_INDEX: [&str; 9] = [
    "by_byte",
    "by_default",
    "by_language",
    "case_blind",
    "padded",
    "hashed",
    "by_tenant",
    "document",
    "keyless",
];

/// No order of theirs serves, so they are read once more.
const READ_AGAIN: [&str; 2] = ["hostile", "crowded"];

/// Also a row that is elsewhere in what the table is divided by, one that is only here, one that is missing.
const DAMAGE: &str = "
update by_byte set note = 'x' where note = '4711';
update by_default set note = 'x' where note = '4711';
update by_language set note = 'x' where note = '4711';
update case_blind set note = 'x' where note = '4711';
update padded set note = 'x' where note = '4711';
update hashed set note = 'x' where note = '4711';
update by_tenant set note = 'x' where note = '4711';
update document set at = at + interval '5 days' where note = '4711';
update keyless set note = 'x' where note = '4711';
update hostile set note = 'x' where note in ('4708', '4709', '4710', '4711', '4712', '4713', '4714', '4715', 'empty');
delete from hostile where note = '17';
insert into hostile values (U&'\\00c9 only here', 'y');
update crowded set note = 'x' where note = '4711';
";

/// By table: how each row differs, its note or its columns.
type Told = BTreeSet<(String, String, String)>;

fn told(report: &Value) -> Told {
    let rows = report["rows"].as_array().expect("rows");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    rows.iter()
        .map(|row| {
            let columns = row["columns"].as_array().expect("columns").iter();
            let columns: Vec<&str> = columns.filter_map(Value::as_str).collect();
            (
                text(&row["table"]["name"]),
                text(&row["difference"]),
                columns.join("|"),
            )
        })
        .collect()
}

fn expected() -> Told {
    let mut expected: Vec<(&str, &str, &str)> = FOUND_BY_INDEX
        .iter()
        .filter(|table| !["document", "keyless"].contains(*table))
        .map(|table| (*table, "different", "note"))
        .collect();
    expected.extend([
        ("document", "different", "at"),
        ("hostile", "different", "note"),
        ("hostile", "missing", ""),
        ("hostile", "surplus", ""),
    ]);
    for table in ["keyless", "crowded"] {
        expected.extend([(table, "missing", ""), (table, "surplus", "")]);
    }
    let owned = |(table, difference, columns): (&str, &str, &str)| {
        (table.to_owned(), difference.to_owned(), columns.to_owned())
    };
    expected.into_iter().map(owned).collect()
}

/// How often these tables of the source were read whole, once its sessions have told.
async fn readings(site: &Site) -> Vec<(String, i64)> {
    let source = connect(&site.source_url).await.expect("the source answers");
    let query = "select relname::text, seq_scan from pg_stat_user_tables order by 1";
    let rows = source.query(query, &[]).await.expect("statistics are read");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_through_indexes_that_sort_unlike_and_through_damaged_ones() {
    // Their libraries sort by rules of different versions.
    let site = Site::empty(13, 15).await;
    let target = connect(&site.target_url).await.expect("the target answers");
    site.execute_on_source(TABLES).await;
    target.batch_execute(TABLES).await.expect("the tables are made");
    // In another order on disk.
    target
        .batch_execute(
            "cluster by_language using by_language_pkey; cluster keyless using keyless_at_idx; analyze",
        )
        .await
        .expect("tables are clustered");
    let equal = site.call(&["verify", "--table", "public.*"]);
    assert_eq!(equal.code, 0, "{}{}", equal.output, equal.error);

    target.batch_execute(DAMAGE).await.expect("the damage is done");
    site.execute_on_source("select pg_stat_reset()").await;
    let different = site.call(&["verify", "--table", "public.*", "--json"]);
    assert_eq!(different.code, 1, "{}", different.error);
    let report: Value = serde_json::from_str(&different.output).expect("a report in JSON");
    assert_eq!(told(&report), expected());
    assert_eq!(
        report["rows"].as_array().map(Vec::len),
        Some(8 + 11 + 4),
        "{report:#}"
    );
    whole_readings_are_few(&site).await;

    repaired_and_equal(&site);
    a_damaged_index_hides_nothing(&site).await;
    keys_that_are_null_are_surplus_rows(&site).await;
}

/// The statistics come with some delay: waited for by the last table that is read.
async fn whole_readings_are_few(site: &Site) {
    let told = "select count(*) from pg_stat_user_tables where seq_scan > 0";
    let tables = i64::try_from(FOUND_BY_INDEX.len() + READ_AGAIN.len()).expect("few");
    site.wait_for_count(&site.source_url, told, tables).await;
    let again = "select count(*) from pg_stat_user_tables where seq_scan > 1";
    let read_again = i64::try_from(READ_AGAIN.len()).expect("few");
    site.wait_for_count(&site.source_url, again, read_again).await;
    for (table, readings) in readings(site).await {
        let is_found = FOUND_BY_INDEX.contains(&table.as_str());
        assert!(readings == 1 || !is_found, "{table} was read {readings} times");
    }
}

fn repaired_and_equal(site: &Site) {
    let repaired = site.call(&["verify", "--table", "public.*", "--repair"]);
    assert_eq!(repaired.code, 0, "{}{}", repaired.output, repaired.error);
}

/// As an upgrade of the system's libraries does: the index is in one order, and the server believes in another.
async fn a_damaged_index_hides_nothing(site: &Site) {
    let target = connect(&site.target_url).await.expect("the target answers");
    let damage = "
        update hostile set note = 'x' where note in ('4708', '4709', '4710', '4711', '4712', '4713', '4714', '4715', 'empty');
        update pg_index set indcollation = (select oid from pg_collation where collname = 'C')::text::oidvector
        where indexrelid = 'hostile_pkey'::regclass;
        update pg_attribute set attcollation = (select oid from pg_collation where collname = 'C')
        where attrelid = 'hostile'::regclass and attname = 'name'";
    target.batch_execute(damage).await.expect("the index is damaged");
    let report = site.call(&["verify", "--table", "public.hostile", "--json"]);
    let report: Value = serde_json::from_str(&report.output).expect("a report in JSON");
    let rows = report["rows"].as_array().expect("rows");
    assert!(
        rows.len() == 9 && rows.iter().all(|row| row["difference"] == "different"),
        "{report:#}"
    );
}

async fn keys_that_are_null_are_surplus_rows(site: &Site) {
    let target = connect(&site.target_url).await.expect("the target answers");
    let damage = "alter table by_byte drop constraint by_byte_pkey;
                  alter table by_byte alter name drop not null;
                  insert into by_byte values (null, 'nameless'), (null, 'nameless')";
    target.batch_execute(damage).await.expect("the key is lost");
    let report = site.call(&["verify", "--table", "public.by_byte", "--json"]);
    let report: Value = serde_json::from_str(&report.output).expect("a report in JSON");
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "{report:#}");
    assert_eq!(
        (&rows[0]["difference"], &rows[0]["rows"]),
        (&"surplus".into(), &2.into())
    );
    let repaired = site.call(&["verify", "--table", "public.by_byte", "--repair", "--json"]);
    let repaired: Value = serde_json::from_str(&repaired.output).expect("a report in JSON");
    assert_eq!(repaired["tables"][0]["equal"], true, "{repaired:#}");
}
