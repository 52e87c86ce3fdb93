//! Comparing and repairing while the application writes: never a difference that is none.

use serde_json::Value;
use transhume_testkit::{
    connection::connect,
    oracle,
    traffic::{Traffic, TrafficOptions},
};

use super::{
    load_on_source::{self, Load},
    site::{Ended, Site},
};

/// Verifications under traffic; `TRANSHUME_ROUNDS=50` for the long proof.
fn rounds() -> u32 {
    let given = std::env::var("TRANSHUME_ROUNDS").ok();
    given.and_then(|rounds| rounds.parse().ok()).unwrap_or(2)
}

/// A row that the traffic leaves alone and one that nothing on the source knows of.
const DAMAGE: &str = "
set session_replication_role = replica;
delete from still where id = 17;
update still set t = t || 'x' where id = 4000;
insert into still values (-1, 'only here');
";

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.output)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ended.output, ended.error))
}

/// Every way to compare everything, none of which may find anything.
fn nothing_differs(site: &Site, round: u32) {
    let other = if round.is_multiple_of(2) {
        "recheck"
    } else {
        "since-last"
    };
    for arguments in [&["verify", "--json"][..], &["verify", "--json", "--mode", other]] {
        let ended = site.call(arguments);
        let report = report(&ended);
        let rows = report["rows"].as_array().expect("rows").iter();
        let known = rows.filter(|row| row["undecided"] == false).count();
        assert_eq!(known, 0, "round {round}, {arguments:?}\n{report:#}");
        // What changes faster than it can be read is no finding: the traffic truncates one table several times a second.
        let tables = report["tables"].as_array().expect("tables").iter();
        let undecided: Vec<&Value> = tables.filter(|table| table["decided"] == false).collect();
        let is_expected =
            |table: &&Value| table["table"]["name"] == "scratch" || arguments.contains(&"recheck");
        assert!(
            undecided.iter().all(is_expected),
            "round {round}, {arguments:?}\n{undecided:#?}"
        );
        let code = if undecided.is_empty() { 0 } else { 2 };
        assert_eq!(
            ended.code, code,
            "round {round}, {arguments:?}\n{report:#}{}",
            ended.error
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_traffic_nothing_is_found_but_what_was_planted_and_a_repair_is_exact() {
    let site = Site::with_torture(15, 15).await;
    site.execute_on_source(
        "create table still (id int primary key, t text); \
         insert into still select g, 'row ' || g from generate_series(1, 20000) g; analyze still",
    )
    .await;
    site.execute_on_source(load_on_source::TABLES).await;
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    let load = Load::heavy(&site).await;
    traffic.wait_for(50).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    for round in 0..rounds() {
        nothing_differs(&site, round);
    }

    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(DAMAGE).await.expect("the damage is done");
    let ended = site.call(&["verify", "--repair", "--json"]);
    let report = report(&ended);
    assert_eq!(ended.code, 0, "{report:#}{}", ended.error);
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(3), "{report:#}");

    load.stop().await;
    let promised = traffic.stop().await;
    assert!(promised.surprises.is_empty(), "{:?}", promised.surprises);
    drop(runner);
    site.succeed(&["run", "--until-caught-up"]);
    let differences =
        oracle::row_differences(&site.source_url, &site.target_url, &oracle::Except::default()).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));

    // Two databases without a migration: here twice the same one, quiet by now.
    let alone = site.call(&["verify", "--target", &site.source_url]);
    assert_eq!(alone.code, 0, "{}{}", alone.output, alone.error);
}
