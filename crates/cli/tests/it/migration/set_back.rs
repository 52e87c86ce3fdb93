//! A source of 17 fails over to a standby that keeps the slot and lacks the last that the target has: the slot alone proves
//! nothing, and nothing goes on.

use transhume_testkit::oracle;

use super::{
    followed_shop::{SHOP, execute, following, until},
    points::Points,
    standbys::{fail_over, has_our_slot, lenient, stop_receiving},
};

const LACKS: &str = "lacks changes which the target has";

/// Nobody has tried to follow it: each command looks by itself, and nobody waits for a cutover that must fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_kept_slot_without_the_last_rows_is_refused_by_the_check_and_by_all_that_follows() {
    let (mut site, standby) = lenient().await;
    site.execute_on_source(SHOP).await;
    let mut runner = following(&site).await;
    has_our_slot(&standby).await;
    stop_receiving(&standby).await;
    site.execute_on_source("insert into ledger select 'lost' from generate_series(1, 99)")
        .await;
    until(&site.target_url, "select count(*) = 99 from ledger").await;
    runner.kill();
    fail_over(&mut site.source, standby);
    execute(
        &site.source_url,
        "insert into ledger values ('of the new server')",
    )
    .await;

    let points = Points::new();
    for words in [&["cutover", "--check"][..], &["cutover", "--yes"], &["run"]] {
        let mut refused = site.begin_with(words, &[points.variable()]);
        assert_eq!(refused.ended().await, 1, "{words:?}: {}", refused.log());
        assert!(refused.log().contains(LACKS), "{words:?}: {}", refused.log());
    }
    assert_eq!(points.passed(), Vec::<String>::new(), "somebody waited");
    let findings = site.status().expect("the state is there")["findings"].to_string();
    assert!(
        findings.contains("source-changed") && findings.contains(LACKS),
        "{findings}"
    );

    // As it is advised.
    site.succeed(&["abort", "--yes"]);
    site.succeed(&["run", "--until-caught-up"]);
    oracle::assert_equal(&site.source_url, &site.target_url).await;
}
