//! Every kind of difference, planted on the target of a migration: found, named and repaired.

use serde_json::Value;
use transhume_testkit::{connection::connect, oracle};

use super::site::Site;

/// One table for each way of knowing a row: by an integer, by a UUID, by text, by several columns, by its image.
const TABLES: &str = "
create table counted (id bigint primary key, note text, amount numeric, ratio float8, fixed char(9));
insert into counted select g, 'note ' || g, g * 1.0, g, 'c' from generate_series(1, 40000) g;
create table marked (id uuid primary key, a text, b text);
insert into marked select md5(g::text)::uuid, 'a' || g, 'b' || g from generate_series(1, 5000) g;
create table named (name text primary key, \"odd \"\"column\" int generated always as identity);
insert into named (name) select 'name ''' || g from generate_series(1, 5000) g;
create table line (account int, number int, doubled int generated always as (number * 2) stored, primary key (account, number));
insert into line select g % 3, g from generate_series(1, 5000) g;
create table keyless (v int, t text);
insert into keyless select g, null from generate_series(1, 3000) g;
insert into keyless values (5001, 'twin'), (5001, 'twin');
analyze;
";

/// Each on another row, so that each must be named.
const DAMAGE: &str = "
set session_replication_role = replica;
update counted set note = 'note 777x' where id = 777;
update counted set note = '' where id = 1001;
update counted set note = note || ' ' where id = 1002;
update counted set amount = 1003.00 where id = 1003;
update counted set ratio = '-0' where id = 39999;
update counted set note = 'note 2', amount = 2.0 where id = 1;
update counted set note = 'note 1', amount = 1.0 where id = 2;
delete from counted where id = 20000;
insert into counted values (-5, 'not there', null, null, null);
update marked set a = b, b = a where id = md5('42')::uuid;
delete from marked where id = md5('4242')::uuid;
delete from named where name = 'name ''99';
insert into named values ('Name ''99', default);
update line set number = 70000 where account = 1 and number = 1;
insert into keyless values (7, null);
delete from keyless where v = 8;
-- As many rows, and whatever a pair adds to an exclusive or cancels out.
update keyless set v = 5002 where v = 5001;
";

fn rows<'a>(report: &'a Value, table: &str) -> Vec<(&'a str, String, String)> {
    let rows = report["rows"].as_array().expect("rows");
    rows.iter()
        .filter(|row| row["table"]["name"] == table)
        .map(|row| {
            let key = row["key"].as_array().expect("a key").iter();
            let key: Vec<&str> = key.filter_map(|part| part[1].as_str()).collect();
            let columns = row["columns"].as_array().expect("columns").iter();
            let columns: Vec<&str> = columns.filter_map(Value::as_str).collect();
            (
                row["difference"].as_str().expect("a difference"),
                key.join("|"),
                columns.join("|"),
            )
        })
        .collect()
}

fn named(expected: &[(&'static str, &str, &str)]) -> Vec<(&'static str, String, String)> {
    expected
        .iter()
        .map(|(difference, key, columns)| (*difference, (*key).to_owned(), (*columns).to_owned()))
        .collect()
}

async fn uuid_of(site: &Site, number: u32) -> String {
    let query = format!("select md5('{number}')::uuid::text");
    site.target_names(&query).await.remove(0)
}

async fn all_are_named(site: &Site, report: &Value) {
    let mut counted = rows(report, "counted");
    counted.sort_by_key(|(_, key, _)| key.parse::<i64>().expect("a number"));
    assert_eq!(
        counted,
        named(&[
            ("surplus", "-5", "id|note|amount|ratio|fixed"),
            ("different", "1", "note|amount"),
            ("different", "2", "note|amount"),
            ("different", "777", "note"),
            ("different", "1001", "note"),
            ("different", "1002", "note"),
            ("different", "1003", "amount"),
            ("missing", "20000", "id|note|amount|ratio|fixed"),
            ("different", "39999", "ratio"),
        ])
    );
    let mut marked = rows(report, "marked");
    marked.sort_unstable();
    assert_eq!(
        marked,
        named(&[
            ("different", &uuid_of(site, 42).await, "a|b"),
            ("missing", &uuid_of(site, 4242).await, "id|a|b"),
        ])
    );
    let both = "name|odd \"column";
    assert_eq!(
        rows(report, "named"),
        named(&[("surplus", "Name '99", both), ("missing", "name '99", both)])
    );
    let all = "account|number|doubled";
    assert_eq!(
        rows(report, "line"),
        named(&[("missing", "1|1", all), ("surplus", "1|70000", all)])
    );
    let mut keyless = rows(report, "keyless");
    keyless.sort_unstable();
    assert_eq!(
        keyless,
        named(&[
            ("missing", "", ""),
            ("missing", "", ""),
            ("surplus", "", ""),
            ("surplus", "", ""),
        ])
    );
    let keyless = report["rows"].as_array().expect("rows").iter();
    let twins = keyless.filter(|row| row["table"]["name"] == "keyless" && row["rows"] == 2);
    assert_eq!(twins.count(), 2, "{report:#}");
    let null_and_empty = report["rows"].as_array().expect("rows").iter();
    let null_and_empty = null_and_empty
        .clone()
        .find(|row| row["key"][0][1] == "1001")
        .expect("the row is named");
    assert_eq!(null_and_empty["source_values"], serde_json::json!([null]));
    assert_eq!(null_and_empty["target_values"], serde_json::json!([""]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_planted_difference_is_named_and_repaired() {
    let site = Site::empty(13, 17).await;
    site.execute_on_source(TABLES).await;
    site.execute_on_source("update counted set note = null where id = 1001; update counted set ratio = 0 where id = 39999; insert into keyless values (7, null)")
        .await;
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["verify"]);
    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(DAMAGE).await.expect("the damage is done");

    let ended = site.call(&["verify", "--json", "--show-values"]);
    assert_eq!(ended.code, 1, "{}{}", ended.output, ended.error);
    let report: Value = serde_json::from_str(&ended.output).expect("a report in JSON");
    all_are_named(&site, &report).await;

    let text = site.call(&["verify", "--table", "public.marked", "--rows", "1"]);
    assert_eq!(text.code, 1);
    assert!(text.output.contains("and 1 more"), "{}", text.output);
    assert!(!text.output.contains("public.counted"), "{}", text.output);

    let repaired = site.call(&["verify", "--repair", "--json"]);
    assert_eq!(repaired.code, 0, "{}{}", repaired.output, repaired.error);
    let report: Value = serde_json::from_str(&repaired.output).expect("a report in JSON");
    assert_eq!(report["equal"], true);
    assert!(
        report["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .all(|row| row["repaired"] == true),
        "{report:#}"
    );
    // Until 14 the schema public belongs to the first superuser, since 15 to pg_database_owner.
    let except = oracle::Except {
        kinds: vec!["grants".to_owned(), "owner".to_owned()],
        ..oracle::Except::default()
    };
    oracle::assert_equal_except(&site.source_url, &site.target_url, &except).await;
}
