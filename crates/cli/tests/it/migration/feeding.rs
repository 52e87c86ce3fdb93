//! Subscriptions that feed the source: stopped before the pause, and fed again where the cutover is undone.

use transhume_testkit::connection::connect;

use super::site::{Site, phase};

const TABLE: &str = "create table fed (n int primary key)";
const IS_ENABLED: &str = "select subname::text from pg_subscription where subenabled order by 1";

/// A database of the target's server publishes, and the source subscribes.
async fn feed(site: &Site) {
    let server = connect(&site.target.url("postgres")).await.expect("it answers");
    server
        .batch_execute("create database publisher")
        .await
        .expect("it is made");
    let url = site.target.url("publisher");
    let publisher = connect(&url).await.expect("it answers");
    publisher
        .batch_execute(&format!("{TABLE}; create publication feed for table fed"))
        .await
        .expect("it publishes");
    site.execute_on_source(TABLE).await;
    site.execute_on_source(&format!(
        "create subscription \"The feed\" connection '{url}' publication feed with (slot_name = 'feed')"
    ))
    .await;
}

async fn publish(site: &Site, n: i32) {
    let publisher = connect(&site.target.url("publisher")).await.expect("it answers");
    let insert = format!("insert into fed values ({n})");
    publisher.batch_execute(&insert).await.expect("it takes it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_disabled_before_the_pause_and_enabled_where_it_is_undone() {
    let site = Site::empty(15, 15).await;
    feed(&site).await;
    publish(&site, 1).await;
    site.wait_for_count(&site.source_url, "select count(*) from fed", 1)
        .await;
    site.succeed(&["run", "--until-caught-up"]);

    let rehearsed = site.succeed(&["cutover", "--rehearse", "--yes", "--override", "verification"]);
    assert!(
        rehearsed
            .error
            .contains("subscriptions of the source are disabled: The feed"),
        "{}",
        rehearsed.error
    );
    assert_eq!(site.source_names(IS_ENABLED).await, ["The feed"]);
    publish(&site, 2).await;
    site.wait_for_count(&site.source_url, "select count(*) from fed", 2)
        .await;

    site.succeed(&["cutover", "--yes", "--override", "verification"]);
    assert_eq!(site.status().as_ref().map(phase), Some("done"));
    assert_eq!(site.source_names(IS_ENABLED).await, [""; 0]);
    // It waits at its publisher for whoever subscribes on the new side.
    publish(&site, 3).await;
    let rows = "select n::text from fed order by 1";
    assert_eq!(site.source_names(rows).await, ["1", "2"]);
    assert_eq!(site.target_names(rows).await, ["1", "2"]);

    site.succeed(&["fallback", "--yes", "--override", "verification"]);
    assert_eq!(site.source_names(IS_ENABLED).await, ["The feed"]);
    site.wait_for_count(&site.source_url, "select count(*) from fed", 3)
        .await;
}
