//! Comparing and repairing while the application writes: never a difference that is none.

use transhume_testkit::{
    connection::connect,
    oracle,
    traffic::{Traffic, TrafficOptions},
};

use super::site::Site;

/// Verifications under traffic; `TRANSHUME_ROUNDS=50` for the long proof.
fn rounds() -> u32 {
    let given = std::env::var("TRANSHUME_ROUNDS").ok();
    given.and_then(|rounds| rounds.parse().ok()).unwrap_or(3)
}

/// A row that the traffic leaves alone and one that nothing on the source knows of.
const DAMAGE: &str = "
set session_replication_role = replica;
delete from still where id = 17;
update still set t = t || 'x' where id = 4000;
insert into still values (-1, 'only here');
";

#[tokio::test(flavor = "multi_thread")]
async fn under_traffic_nothing_is_found_but_what_was_planted_and_a_repair_is_exact() {
    let site = Site::with_torture(15, 15).await;
    site.execute_on_source(
        "create table still (id int primary key, t text); \
         insert into still select g, 'row ' || g from generate_series(1, 20000) g; analyze still",
    )
    .await;
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    traffic.wait_for(50).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    for round in 0..rounds() {
        let ended = site.call(&["verify"]);
        assert_eq!(ended.code, 0, "round {round}\n{}{}", ended.output, ended.error);
    }

    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(DAMAGE).await.expect("the damage is done");
    let ended = site.call(&["verify", "--repair", "--json"]);
    assert_eq!(ended.code, 0, "{}{}", ended.output, ended.error);
    let report: serde_json::Value = serde_json::from_str(&ended.output).expect("a report in JSON");
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(3), "{report:#}");

    let promised = traffic.stop().await;
    assert!(promised.surprises.is_empty(), "{:?}", promised.surprises);
    drop(runner);
    site.succeed(&["run", "--until-caught-up"]);
    oracle::assert_equal_except(&site.source_url, &site.target_url, &oracle::Except::default()).await;

    // Two databases without a migration: here twice the same one, quiet by now.
    let alone = site.call(&["verify", "--target", &site.source_url]);
    assert_eq!(alone.code, 0, "{}{}", alone.output, alone.error);
}
