//! The gate: every condition is shown, and only its own name opens one that is not met.

use serde_json::Value;
use transhume_testkit::connection::connect;

use super::site::Site;

const TABLES: &str = "
    create table account (id int primary key, balance int not null);
    create table remark (body text);
    insert into account select n, 0 from generate_series(1, 100) n;
";

fn gate(site: &Site, arguments: &[&str]) -> (i32, Value) {
    let ended = site.call(&[&["cutover", "--check", "--json"], arguments].concat());
    let gate = serde_json::from_str(&ended.output).unwrap_or_else(|_| panic!("{}", ended.error));
    (ended.code, gate)
}

const SPOILT: &str = "
    alter table account add constraint positive check (balance >= 0) not valid;
    insert into transhume.finding (origin, code, severity, message, remedy)
    values ('follow', 'planted', 'blocker', 'it is planted', 'pull it out');
";

/// Names and evidence of the conditions in a state.
fn in_state(gate: &Value, state: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let conditions = gate["conditions"].as_array().expect("conditions");
    conditions
        .iter()
        .filter(|condition| condition["state"] == state)
        .map(|condition| (text(&condition["name"]), text(&condition["evidence"])))
        .collect()
}

/// Puts several things out of order.
async fn spoil(site: &Site) {
    let target = connect(&site.target_url).await.expect("the target answers");
    target
        .batch_execute(SPOILT)
        .await
        .expect("the target can be changed");
    let late = "create table late (id int primary key); alter table remark replica identity default";
    site.execute_on_source(late).await;
}

async fn what_bars_nothing_is_told(site: &Site) {
    let target = connect(&site.target_url).await.expect("the target answers");
    let alone = "create index alone on account (balance)";
    target.batch_execute(alone).await.expect("an index can be made");
    let (code, told) = gate(site, &[]);
    let is_named = |(name, evidence): &(String, String)| name == "schema" && evidence.contains("alone");
    assert_eq!(code, 0, "{told:#}");
    assert!(in_state(&told, "degraded").iter().any(is_named), "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_names_all_that_is_not_ready_at_once_and_changes_nothing() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLES).await;
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["verify"]);

    let (code, ready) = gate(&site, &[]);
    assert_eq!((code, in_state(&ready, "unmet")), (0, Vec::new()), "{ready:#}");

    what_bars_nothing_is_told(&site).await;
    spoil(&site).await;
    let writer = connect(&site.source_url).await.expect("the source answers");
    writer
        .batch_execute("begin; update account set balance = 1 where id = 1")
        .await
        .expect("a transaction can be open");
    let age = "select count(*) from pg_stat_activity where clock_timestamp() - xact_start > '6 s' \
               and application_name not like 'transhume%'";
    site.wait_for_count(&site.source_url, age, 1).await;

    let limits = ["--attempts", "1", "--verified-within", "1ms"];
    let (code, shut) = gate(&site, &limits);
    let unmet = in_state(&shut, "unmet");
    let names: Vec<&str> = unmet.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(code, 1);
    assert_eq!(
        names,
        [
            "verification",
            "findings",
            "schema",
            "tables",
            "validity",
            "deviations",
            "long-transactions"
        ],
        "{shut:#}"
    );
    for (name, words) in [
        ("findings", "it is planted"),
        ("tables", "late"),
        ("validity", "positive"),
        ("deviations", "remark"),
        ("long-transactions", "account"),
    ] {
        let evidence = unmet.iter().find(|(unmet, _)| unmet == name);
        assert!(
            evidence.is_some_and(|(_, evidence)| evidence.contains(words)),
            "{name}: {unmet:?}"
        );
    }
    assert!(
        in_state(&shut, "degraded")
            .iter()
            .any(|(name, evidence)| name == "fence" && evidence.contains("superusers")),
        "{shut:#}"
    );

    let going_past = [&limits[..], &["--override", "verification,findings,tables"]].concat();
    let (code, partly) = gate(&site, &going_past);
    assert_eq!(
        (code, in_state(&partly, "overridden").len()),
        (1, 3),
        "{partly:#}"
    );
    let refused = site.call(&[&["cutover", "--yes"], &limits[..]].concat());
    assert_eq!(refused.code, 1);
    assert!(refused.error.contains("--override validity"), "{}", refused.error);
    let wrong = site.call(&["cutover", "--check", "--override", "everything"]);
    assert!(wrong.error.contains("prepared-transactions"), "{}", wrong.error);
}
