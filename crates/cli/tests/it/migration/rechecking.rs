//! `verify --mode recheck`: a long transaction leaves the source without a consistent point, and traffic goes on.

use serde_json::Value;
use transhume_testkit::{
    connection::connect,
    traffic::{Traffic, TrafficOptions},
};

use super::{
    load_on_source::{self, Load},
    site::{Site, phase},
};

const TABLES: &str = "
create table still (id int primary key, t text);
insert into still select g, 'row ' || g from generate_series(1, 20000) g;
create table heap (v int, t text);
insert into heap select g, 'twin' from generate_series(1, 2000) g, generate_series(1, 2);
create table waiting (id int primary key);
analyze";

const DAMAGE: &str = "
set session_replication_role = replica;
update still set t = t || 'x' where id = 17;
delete from still where id = 18;
insert into still values (-1, 'only here');
delete from heap where ctid = (select min(ctid) from heap where v = 7);
insert into heap values (-7, 'only here');
update hot set n = -1 where id = 20;
";

fn found(report: &Value) -> Vec<(&str, &str, &str)> {
    let rows = report["rows"].as_array().expect("rows").iter();
    let mut found: Vec<_> = rows
        .filter(|row| row["undecided"] == false)
        .map(|row| {
            let text = |value: &'static str| row[value].as_str().unwrap_or_default();
            let table = row["table"]["name"].as_str().unwrap_or_default();
            (
                table,
                text("difference"),
                row["key"][0][1].as_str().unwrap_or_default(),
            )
        })
        .collect();
    found.sort_unstable();
    found
}

/// Without --mode recheck nothing is held meanwhile.
async fn it_waits_and_names_who_is_in_the_way(site: &Site, traffic: &Traffic) {
    let mut waits = site.begin(&["verify", "--hold-timeout", "1s"]);
    waits.said("the long one").await;
    traffic.wait_for(50).await;
    waits.interrupt();
    assert_eq!(waits.ended().await, 130, "{}", waits.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_long_transaction_only_what_was_planted_is_found() {
    let site = Site::with_torture(15, 15).await;
    site.execute_on_source(load_on_source::TABLES).await;
    site.execute_on_source(TABLES).await;
    site.succeed(&["run", "--until-caught-up"]);
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    let load = Load::hot(&site);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "a runner", |status| {
        phase(status) == "follow" && !status["runner"].is_null()
    })
    .await;
    let long = connect(&site.source_url).await.expect("the source answers");
    long.batch_execute(
        "set application_name = 'the long one'; begin; insert into waiting values (1); \
         update hot set n = 7 where id = 20; delete from still where id = 5000",
    )
    .await
    .expect("the long transaction begins");

    it_waits_and_names_who_is_in_the_way(&site, &traffic).await;

    let clean = site.call(&["verify", "--mode", "recheck", "--json"]);
    let report: Value = serde_json::from_str(&clean.output)
        .unwrap_or_else(|error| panic!("{error}: {}{}", clean.output, clean.error));
    assert_eq!(found(&report), [], "{report:#}");
    assert_eq!(clean.code, 0, "{report:#}{}", clean.error);
    assert_eq!(report["mode"], "recheck");

    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(DAMAGE).await.expect("the damage is done");
    let ended = site.call(&["verify", "--mode", "recheck", "--json"]);
    let report: Value = serde_json::from_str(&ended.output).expect("a report in JSON");
    assert_eq!(
        found(&report),
        [
            ("heap", "missing", ""),
            ("heap", "surplus", ""),
            ("hot", "different", "20"),
            ("still", "different", "17"),
            ("still", "missing", "18"),
            ("still", "surplus", "-1"),
        ],
        "{report:#}"
    );
    assert_eq!(ended.code, 1);
    long.batch_execute("rollback")
        .await
        .expect("the long transaction ends");
    load.stop().await;
    let promised = traffic.stop().await;
    assert!(promised.surprises.is_empty(), "{:?}", promised.surprises);

    // What it found different is not taken for unchanged, and an exact comparison sees the same.
    let exact = site.call(&["verify", "--mode", "since-last", "--json"]);
    let report: Value = serde_json::from_str(&exact.output).expect("a report in JSON");
    assert_eq!(found(&report).len(), 6, "{report:#}");
    site.succeed(&["verify", "--repair"]);
    let alone = site.call(&["verify", "--mode", "recheck", "--target", &site.source_url]);
    assert!(
        alone.code == 2 && alone.error.contains("no migration"),
        "{}",
        alone.error
    );
}
