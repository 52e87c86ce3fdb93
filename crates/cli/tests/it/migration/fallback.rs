//! The way back: after a cutover the old source follows the target, and the application moves back to it
//! with all that it wrote meanwhile.

use serde_json::Value;
use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
    traffic::{Traffic, TrafficOptions},
};

use super::site::{Running, Site, phase};

/// All that a migration may change of a database beside its rows: grants, triggers, rules, identities, settings.
const FINGERPRINT: &str = "
    select 'grant ' || c.oid::regclass || ' ' || a.grantee::regrole || ' ' || a.privilege_type || ' ' || a.is_grantable
    from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
    where c.relkind in ('r', 'p') and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    union all
    select 'trigger ' || tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text from pg_trigger where not tgisinternal
    union all
    select 'rule ' || ev_class::regclass || ' ' || rulename || ' ' || ev_enabled::text from pg_rewrite
    where ev_class::regclass::text like 'torture.%'
    union all
    select 'identity ' || oid::regclass || ' ' || relreplident::text from pg_class
    where relkind in ('r', 'p') and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    union all
    select 'setting ' || setconfig::text from pg_db_role_setting
    union all
    select 'slot ' || slot_name from pg_replication_slots
    union all
    select 'publication ' || pubname from pg_publication
    union all
    select 'schema ' || nspname from pg_namespace where nspname !~ '^pg_'
    order by 1";

pub(super) async fn fingerprint(url: &str) -> Vec<String> {
    let client = connect(url).await.expect("the server answers");
    let rows = client
        .query(FINGERPRINT, &[])
        .await
        .expect("the catalogs can be read");
    rows.iter().map(|row| row.get(0)).collect()
}

/// A migration that is followed by a runner while clients write.
async fn follow(site: &Site) -> (Running, Traffic) {
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    traffic.wait_for(50).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    (runner, traffic)
}

fn stream(status: &Value) -> &Value {
    &status["way_back"]["stream"]
}

async fn wait_for_reverse_runner(site: &Site, runner: &mut Running) {
    let process = runner.process();
    site.wait_for(runner, "runner of the way back", |status| {
        stream(status)["runner"]["pid"] == process && !stream(status)["source_wal_end"].is_null()
    })
    .await;
}

fn rows_only() -> Except {
    Except {
        kinds: ["grants", "owner", "replica identity"]
            .map(str::to_owned)
            .to_vec(),
        ..Except::default()
    }
}

async fn there_and_back(source: u32, target: u32) {
    let site = Site::with_torture(source, target).await;
    let before = fingerprint(&site.source_url).await;
    let (mut runner, traffic) = follow(&site).await;
    traffic.wait_for(100).await;

    let cutover = site.succeed(&["cutover", "--yes", "--json", "--override", "verification"]);
    let report: Value = serde_json::from_str(&cutover.output).expect("a report in JSON");
    assert_eq!(report["late_changes"], 0, "{report:#}");
    assert!(report["way_back"].is_string(), "{report:#}");
    traffic.redirect(&site.target_url);
    traffic.wait_for(300).await;
    wait_for_reverse_runner(&site, &mut runner).await;
    let status = site.status().expect("a status");
    assert_eq!(
        (phase(&status), &status["way_back"]["state"]),
        ("done", &"open".into())
    );
    let verified = site.call(&["verify", "--json"]);
    assert_eq!(verified.code, 0, "{}{}", verified.output, verified.error);
    let refused = site.call(&["abort", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.error);
    assert!(refused.error.contains("transhume fallback"), "{}", refused.error);
    traffic.wait_for(100).await;

    let fallback = site.succeed(&["fallback", "--yes", "--json"]);
    let report: Value = serde_json::from_str(&fallback.output).expect("a report in JSON");
    assert_eq!(report["late_changes"], 0, "{report:#}");
    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    oracle::assert_equal_except(&site.target_url, &site.source_url, &rows_only()).await;

    traffic.redirect(&site.source_url);
    traffic.wait_for(100).await;
    let promised = traffic.stop().await;
    oracle::ledger_check(&site.source_url, &promised).await;
    let status = site.status().expect("a status");
    assert_eq!(status["way_back"]["state"], "fallen-back", "{status:#}");
    let finished = site.succeed(&["finish", "--yes"]);
    assert!(
        finished.output.contains("left "),
        "the target stays closed:\n{}",
        finished.output
    );
    assert_eq!(fingerprint(&site.source_url).await, before);
    let left = fingerprint(&site.target_url).await;
    let ours = left.iter().filter(|line| line.contains("transhume"));
    assert_eq!(ours.count(), 0, "{left:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_moves_there_and_back_between_15_and_15() {
    there_and_back(15, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_moves_there_and_back_between_13_and_17() {
    there_and_back(13, 17).await;
}
