//! One model of the state behind `status`, its tables and the metrics: what each says of a migration that is followed.

use serde_json::Value;

use super::site::{Site, phase};

const TABLES: &str = "
    create schema shop;
    create table shop.item (id int primary key, body text not null);
    insert into shop.item select n, 'before' from generate_series(1, 100) n;
    create table shop.\"odd \"\"name\" (id int primary key);
";

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn tables(site: &Site) -> Vec<Value> {
    let ended = site.succeed(&["status", "--tables", "--json"]);
    let document = parse(&ended.output);
    assert_eq!(document["version"], 1);
    document["tables"].as_array().expect("tables").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_the_tables_and_the_metrics_tell_the_same_figures() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLES).await;
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "follower", |status| phase(status) == "follow")
        .await;
    site.execute_on_source(
        "insert into shop.item select n, 'after' from generate_series(101, 130) n;
         update shop.item set body = 'changed' where id <= 20;
         delete from shop.item where id between 91 and 100;",
    )
    .await;
    // Two samples make a rate; the latency stands in each.
    let status = site
        .wait_for(&mut runner, "latency and rates", |status| {
            status["latency"].is_object()
                && status["rates"].is_object()
                && status["changes"].as_u64() >= Some(1)
        })
        .await;

    assert_eq!(status["version"], 1);
    for part in ["receive_seconds", "apply_seconds", "age_seconds"] {
        let seconds = status["latency"][part].as_f64().expect("seconds");
        assert!((0.0..60.0).contains(&seconds), "{part}: {status:#}");
    }
    let phases: Vec<&str> = status["phases"]
        .as_array()
        .expect("phases")
        .iter()
        .map(|span| span["phase"].as_str().expect("a phase"))
        .collect();
    assert_eq!(
        phases,
        ["prepare", "pre-data", "full-load", "post-data", "follow"]
    );
    assert!(status["phases"][2]["seconds"].is_number() && status["phases"][4]["seconds"].is_null());

    site.succeed(&["verify"]);
    let item = |tables: &[Value]| {
        let found = tables.iter().find(|table| table["name"] == "item");
        found.cloned().expect("the table is told")
    };
    // The target's statistics come a moment after the changes.
    let mut found = Value::Null;
    for _ in 0..300 {
        found = item(&tables(&site));
        if found["changed"]["deletes"] == 10 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(found["changed"]["deletes"], 10, "{found:#}");
    assert_eq!(
        (&found["state"], &found["load"]["rows"]),
        (&"loaded".into(), &100.into())
    );
    assert_eq!(found["load"]["share"], 1.0);
    assert_eq!(found["verified"]["equal"], true, "{found:#}");
    let names = tables(&site);
    assert!(
        names.iter().any(|table| table["name"] == "odd \"name"),
        "{names:#?}"
    );

    let metrics = site.succeed(&["status", "--prometheus"]).output;
    for line in [
        "transhume_up{database=\"shop\"} 1",
        "transhume_runner_up{database=\"shop\",direction=\"forward\"} 1",
        "transhume_phase{database=\"shop\",direction=\"forward\",phase=\"follow\"} 1",
        "transhume_verification_result{database=\"shop\",direction=\"forward\",result=\"equal\"} 1",
        "transhume_load_rows{database=\"shop\",direction=\"forward\"} 100",
    ] {
        assert!(metrics.lines().any(|told| told == line), "no {line}:\n{metrics}");
    }
    assert!(metrics.contains("transhume_apply_latency_seconds{"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_cannot_be_read_is_told_in_the_metrics_too() {
    let site = Site::empty(15, 15).await;
    let ended = site.call(&["status", "--prometheus"]);
    assert_eq!(ended.code, 2, "{}", ended.error);
    assert!(
        ended.output.contains("transhume_up{database=\"shop\"} 0\n"),
        "{}",
        ended.output
    );
    assert!(
        ended.error.contains("the target holds no migration"),
        "{}",
        ended.error
    );
}
