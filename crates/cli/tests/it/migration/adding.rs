//! Tables that join the migration while the rest is followed and the application writes to them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use tokio::task::JoinHandle;
use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
    traffic::{Traffic, TrafficOptions},
};

use super::site::{Running, Site, phase};

/// `later` and the schema `other` are not selected at first; a foreign key and a view wait for `later`.
const SHOP: &str = "
    create schema shop;
    create schema other;
    create table other.base (id int);
    create table shop.later (id bigint primary key, kind text not null, body text);
    create index later_kind on shop.later (kind);
    create table shop.orders (id bigint primary key, item bigint, note text);
    alter table shop.orders add constraint orders_item foreign key (item) references shop.later;
    create view shop.both as select o.id, l.kind from shop.orders o join shop.later l on l.id = o.item;
    create table shop.event (id bigint not null, day int not null, body text, primary key (id, day)) partition by list (day);
    create table shop.event_1 partition of shop.event for values in (1);
    create index event_body on shop.event (body);
    insert into shop.later select n, 'old', repeat('x', 200) from generate_series(1, 5000) n;
    insert into shop.orders select n, n, 'old' from generate_series(1, 2000) n;
    insert into shop.event select n, 1, 'old' from generate_series(1, 100) n";

/// Made while the migration follows: without a key, with types and triggers of its own, partitions of an old and of a
/// new tree that is moved as a whole, names that are patterns, generated columns, as many columns as there can be.
const NEW: &str = "
    create type shop.mood as enum ('glad', 'sad');
    create function shop.stamp() returns trigger language plpgsql as
        $$ begin new.line := new.line || ' stamped'; return new; end $$;
    create table shop.log (line text, mood shop.mood);
    create trigger stamp before insert on shop.log for each row execute function shop.stamp();
    comment on table shop.log is 'it''s new';
    create table shop.event_2 partition of shop.event for values in (2);
    create table shop.\"we.ird*\" (\"A b\" int generated always as identity primary key, c int generated always as (\"A b\" * 2) stored);
    create table shop.tree (id int, mood shop.mood, primary key (id, mood)) partition by hash (mood);
    create table shop.tree_0 partition of shop.tree for values with (modulus 2, remainder 0);
    create table shop.tree_1 partition of shop.tree for values with (modulus 2, remainder 1);
    create index tree_mood on shop.tree (mood);
    do $$ begin execute (select 'create table shop.wide (' || string_agg('c' || n || ' int', ', ') || ', primary key (c1))'
        from generate_series(1, 1600) n); end $$;
    insert into shop.wide (c1, c2, c1600) select n, 7, n from generate_series(1, 50) n;
    insert into shop.log values ('first', 'glad'), ('first', 'glad');
    insert into shop.event select n, 2, 'new' from generate_series(1, 50) n;
    insert into shop.\"we.ird*\" select from generate_series(1, 20);
    insert into shop.tree select n, 'sad' from generate_series(1, 100) n";

const ROUND: &str = "begin;
    insert into shop.later values ($n, 'new', 'written'); insert into shop.orders values ($n, $n, 'new');
    update shop.later set body = 'changed' where id = $n - 3; delete from shop.orders where id = $n - 5;
    insert into shop.event values ($n, 1, 'written'); commit";

const NEW_ROUND: &str = "begin;
    insert into shop.log values ('again', 'sad'); insert into shop.event values ($n, 2, 'written');
    insert into shop.\"we.ird*\" default values; insert into shop.tree values ($n, 'glad');
    insert into shop.wide (c1, c1599) values ($n, 1); update shop.wide set c1600 = -1 where c1 = $n - 1;
    update shop.tree set mood = 'sad' where id = $n - 2; delete from shop.log where ctid = (select min(ctid) from shop.log);
    commit";

/// Writes one round after the other until it is stopped.
struct Writer {
    is_stopped: Arc<AtomicBool>,
    rounds: Arc<AtomicI64>,
    writing: JoinHandle<()>,
}

impl Writer {
    async fn start(url: &str, round: &'static str) -> Self {
        let client = connect(url).await.expect("the source answers");
        let (is_stopped, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
        let (stopped, done) = (Arc::clone(&is_stopped), Arc::clone(&rounds));
        let writing = tokio::spawn(async move {
            for number in 100_001_i64.. {
                let statements = round.replace("$n", &number.to_string());
                client
                    .batch_execute(&statements)
                    .await
                    .expect("the application can write");
                done.fetch_add(1, Ordering::Relaxed);
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Self {
            is_stopped,
            rounds,
            writing,
        }
    }

    async fn stop(self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.writing.await.expect("the writer does not fail");
        assert!(self.rounds.load(Ordering::Relaxed) > 10);
    }
}

async fn following(site: &Site, arguments: &[&str]) -> Running {
    let mut runner = site.begin(arguments);
    site.wait_for(&mut runner, "follow with a runner", |status| {
        phase(status) == "follow" && !status["runner"].is_null()
    })
    .await;
    runner
}

fn findings(status: &serde_json::Value, code: &str) -> Vec<String> {
    let all = status["findings"].as_array().expect("a list");
    let named = all.iter().filter(|finding| finding["code"] == code);
    named
        .map(|finding| finding["object"].as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn tables_join(source: u32, target: u32) {
    let site = Site::empty(source, target).await;
    site.execute_on_source(SHOP).await;
    // New partitions shall wait for the command too.
    let without = [
        "--exclude",
        "shop.later",
        "--exclude",
        "other",
        "--carry-over",
        "enum-labels",
    ];
    site.succeed(&[&["run", "--until-caught-up"][..], &without].concat());
    let old = Writer::start(&site.source_url, ROUND).await;
    let mut runner = following(&site, &[&["run"][..], &without].concat()).await;
    let waiting = findings(&site.status().expect("a status"), "selection-needs");
    assert_eq!(waiting.len(), 2, "a foreign key and a view: {waiting:?}");
    site.execute_on_source(NEW).await;
    let new = Writer::start(&site.source_url, NEW_ROUND).await;

    let added = site.succeed(&["table", "add", "--yes", "shop.later"]);
    assert!(added.output.contains("loaded     shop.later"), "{}", added.output);
    let status = site
        .wait_for(&mut runner, "the new tables named", |status| {
            !findings(status, "table-not-migrated").is_empty()
        })
        .await;
    let named = findings(&status, "table-not-migrated");
    let expected = [
        "shop.event_2",
        "shop.log",
        "shop.tree",
        "shop.we.ird*",
        "shop.wide",
    ];
    assert_eq!(named, expected, "{status:#}");
    let added = site.succeed(&["table", "add", "--yes", "--json", "shop"]);
    assert_eq!(
        added.output.matches("\"loaded\"").count(),
        expected.len(),
        "{}",
        added.output
    );
    site.wait_for(&mut runner, "no table left", |status| {
        findings(status, "table-not-migrated").is_empty()
    })
    .await;
    let status = site.status().expect("a status");
    assert_eq!(findings(&status, "selection-needs"), Vec::<String>::new());
    refusals(&site).await;

    new.stop().await;
    old.stop().await;
    site.succeed(&["verify"]);
    let status = site.status().expect("a status");
    assert_eq!(findings(&status, "schema-change"), Vec::<String>::new());
    drop(runner);
    // With patterns that say what was added, too.
    site.succeed(&["run", "--until-caught-up", "--include", "shop"]);
    let mut runner = following(&site, &[&["run"][..], &without].concat()).await;
    site.succeed(&["cutover", "--yes", "--without-fallback"]);
    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    let expected = Except {
        kinds: vec!["grants".to_owned(), "owner".to_owned()],
        ..Except::default()
    };
    oracle::assert_equal_except(&site.source_url, &site.target_url, &expected).await;
}

/// Each leaves the migration as it was.
async fn refusals(site: &Site) {
    site.execute_on_source(
        "create table shop.heir () inherits (other.base); create table shop.clash (id int primary key)",
    )
    .await;
    let target = connect(&site.target_url).await.expect("the target answers");
    target
        .batch_execute("create table shop.clash ()")
        .await
        .expect("a table can be made");
    for (table, reason) in [
        ("shop.nothing", "the source has no table"),
        ("shop.orders", "has these tables already"),
        (
            "shop.tree_0",
            "is a partition of shop.tree, whose rows lie in other partitions",
        ),
        ("shop.clash", "the target has a relation shop.clash already"),
        ("shop.heir", "needs TABLE other base"),
    ] {
        let refused = site.call(&["table", "add", "--yes", table]);
        assert_eq!(refused.code, 1, "{table}: {}{}", refused.output, refused.error);
        assert!(refused.error.contains(reason), "{}", refused.error);
    }
    let left = "select table_name from transhume.relation where table_name in ('clash', 'heir')
                union all select number::text from transhume.archive where number > 2";
    assert_eq!(site.target_names(left).await, Vec::<String>::new());
    target
        .batch_execute("drop table shop.clash")
        .await
        .expect("a table can be dropped");
    site.execute_on_source("drop schema other cascade; drop table shop.clash")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_join_while_they_are_written_to_within_one_version() {
    tables_join(15, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_join_while_they_are_written_to_from_13_to_17() {
    tables_join(13, 17).await;
}

const BALLAST: &str = "create table torture.ballast (id int primary key, body text);
    alter table torture.ballast alter column body set storage external;
    create index ballast_body on torture.ballast (left(body, 10));
    insert into torture.ballast select g, repeat('b', 1000) from generate_series(1, 4000) g";
const CHANGES: &str = "update torture.ballast set body = 'changed' where id % 100 = 7;
    insert into torture.ballast select max(id) + 1, 'new' from torture.ballast; delete from torture.ballast where id % 500 = 8";

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_step_of_an_addition_costs_nothing() {
    let site = Site::with_torture(15, 15).await;
    site.succeed(&["run", "--until-caught-up"]);
    site.execute_on_source(BALLAST).await;
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    let arguments = ["run", "--rate-limit", "1MB"];
    let mut runner = following(&site, &arguments).await;
    let asking = site.begin(&["table", "add", "--yes", "torture.ballast"]);
    for step in ["true", "step in ('published', 'load')", "step = 'load'", "step = 'done' or exists (select from transhume.part p
        join transhume.relation r using (source_oid) where r.table_name = 'ballast' and (p.done_at is not null or r.snapshot_id is not null))"] {
        let reached = format!("select count(*) from transhume.addition where {step}");
        site.wait_for_count(&site.target_url, &reached, 1).await;
        runner.kill();
        site.execute_on_source(CHANGES).await;
        traffic.wait_for(20).await;
        runner = site.begin(&arguments);
    }
    drop(asking);
    site.wait_for_count(
        &site.target_url,
        "select count(*) from transhume.addition where step = 'done'",
        1,
    )
    .await;
    let promised = traffic.stop().await;
    drop(runner);
    site.succeed(&["run", "--until-caught-up"]);
    let differences = oracle::row_differences(&site.source_url, &site.target_url, &Except::default()).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    oracle::ledger_check(&site.target_url, &promised).await;
    let indexes = "select indexrelid::regclass::text from pg_index where indrelid = 'torture.ballast'::regclass order by 1";
    let made = site.target_names(indexes).await;
    assert_eq!(made, ["torture.ballast_body", "torture.ballast_pkey"]);
}
