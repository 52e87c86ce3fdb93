//! From the first command to the last, between servers of equal and different versions.

use transhume_testkit::{
    oracle::{self, Except},
    traffic::{Traffic, TrafficOptions},
};

use super::site::{Site, phase};

async fn whole_migration(source: u32, target: u32) {
    let site = Site::with_torture(source, target).await;
    let before = site.traces().await;
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    traffic.wait_for(50).await;
    let assessment = site.call(&["assess", "--json"]);
    assert_eq!(assessment.code, 0, "{}{}", assessment.output, assessment.error);

    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    traffic.wait_for(200).await;
    site.verify_under_traffic();

    let cutover = site.succeed(&["cutover", "--yes", "--json", "--without-fallback"]);
    let report: serde_json::Value = serde_json::from_str(&cutover.output).expect("a report in JSON");
    assert_eq!(report["late_changes"], 0, "{report:#}");
    assert!(
        report["write_pause_milliseconds"].as_f64().unwrap_or_default() > 0.0,
        "{report:#}"
    );
    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    oracle::assert_equal_except(&site.source_url, &site.target_url, &after_cutover()).await;

    let identities = "select relname::text from pg_class where relreplident = 'f' and relkind = 'r' \
                      and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')";
    assert_eq!(
        site.target_names(identities).await,
        before,
        "identities on the target are the source's former ones"
    );

    traffic.redirect(&site.target_url);
    traffic.wait_for(50).await;
    let promised = traffic.stop().await;
    assert!(promised.surprises.is_empty(), "{:?}", promised.surprises);
    oracle::ledger_check(&site.target_url, &promised).await;
    assert_eq!(site.status().as_ref().map(phase), Some("done"));
    site.succeed(&["finish", "--yes"]);
    assert_eq!(site.traces().await, before);
    assert_eq!(site.status(), None, "the state schema is gone");
}

/// What the cutover changes on the source on purpose (write grants are gone there), and what differs
/// between the versions.
fn after_cutover() -> Except {
    Except {
        // Until 14 the schema public belongs to the first superuser, since 15 to pg_database_owner.
        kinds: vec!["grants".to_owned(), "owner".to_owned()],
        ..Except::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_database_moves_within_one_version_and_nothing_is_lost_or_doubled() {
    whole_migration(15, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_database_moves_from_13_to_17_and_nothing_is_lost_or_doubled() {
    whole_migration(13, 17).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_database_moves_from_15_to_18_and_nothing_is_lost_or_doubled() {
    whole_migration(15, 18).await;
}
