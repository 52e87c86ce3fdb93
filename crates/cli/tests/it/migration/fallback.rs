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
    site.verify_under_traffic();
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
async fn an_application_moves_there_and_back_within_one_version() {
    there_and_back(15, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_moves_there_and_back_between_13_and_17() {
    there_and_back(13, 17).await;
}

const TABLES: &str = "
    create table account (
        id int generated always as identity primary key, balance int not null,
        doubled int generated always as (balance * 2) stored, note text
    );
    create table line (body text);
    alter table account alter note set storage external;
    insert into account (balance, note) select n, repeat('note ', 1000) from generate_series(1, 100) n;
    insert into line select 'first' from generate_series(1, 10);
    grant select, insert, update, delete on account, line to app;
";

/// One round of what the application does: identity, generated and unchanged TOAST columns, a table without a key.
const ROUND: &str = "
    set role app;
    insert into account (balance) values (1);
    update account set balance = balance + 1 where id <= 50;
    update account set note = repeat('changed ', 1000) where id = 60;
    insert into line values ('again'), ('again');
    reset role;
";

const ACCOUNTS: &str = "select count(*) from account";

async fn execute(url: &str, sql: &str) -> Result<(), String> {
    let client = connect(url).await.expect("the server answers");
    client
        .batch_execute(sql)
        .await
        .map_err(|error| format!("{error:?}"))
}

/// Cut over, and followed back by nobody yet.
async fn cut_over() -> Site {
    let site = Site::empty(15, 15).await;
    for url in [&site.source_url, &site.target_url] {
        execute(url, "create role app").await.expect("a role can be made");
    }
    site.execute_on_source(TABLES).await;
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["cutover", "--yes", "--override", "verification"]);
    site
}

/// Cut over, and followed back by a runner.
async fn moved() -> (Site, Running) {
    let site = cut_over().await;
    let mut runner = site.begin(&["run"]);
    wait_for_reverse_runner(&site, &mut runner).await;
    (site, runner)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_outlives_kills_and_restarts_and_a_late_writer_is_found() {
    let (mut site, mut runner) = moved().await;
    let mut accounts = 100;
    for round in 0..4 {
        match round {
            0 => {}
            1 => {
                runner.kill();
                runner = site.begin(&["run"]);
            }
            2 => site.source.restart().expect("the old source starts again"),
            _ => site.target.restart().expect("the target starts again"),
        }
        execute(&site.target_url, ROUND)
            .await
            .expect("the application writes");
        accounts += 1;
        site.wait_for_count(&site.source_url, ACCOUNTS, accounts).await;
    }
    let refused = execute(
        &site.source_url,
        "begin read write; set local role app; insert into line values ('late'); commit",
    );
    let refusal = refused
        .await
        .expect_err("the old source is closed to the application");
    assert!(refusal.contains("permission denied"), "{refusal}");
    let late = "begin read write; insert into line values ('late'); commit";
    execute(&site.source_url, late)
        .await
        .expect("nothing stops a superuser");
    let different = site.call(&["verify"]);
    assert_eq!(different.code, 1, "{}{}", different.output, different.error);
    let removal = "begin read write; delete from line where body = 'late'; commit";
    execute(&site.source_url, removal)
        .await
        .expect("nothing stops a superuser");
    site.succeed(&["verify"]);
    site.succeed(&["fallback", "--yes"]);
    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    oracle::assert_equal_except(&site.target_url, &site.source_url, &rows_only()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_that_does_not_come_to_its_end_gives_the_target_back() {
    let (site, mut runner) = moved().await;
    let before = fingerprint(&site.target_url).await;
    let writer = connect(&site.target_url).await.expect("the target answers");
    let lock = "begin; update account set balance = balance where id = 1";
    writer
        .batch_execute(lock)
        .await
        .expect("a transaction can be open");

    let arguments = [
        "fallback",
        "--yes",
        "--override",
        "verification",
        "--lock-timeout",
        "100ms",
    ];
    let ended = site.call(&[&arguments[..], &["--attempts", "2"]].concat());
    assert_ne!(ended.code, 0, "{}{}", ended.output, ended.error);
    assert!(ended.error.contains("lock"), "{}", ended.error);
    assert_eq!(fingerprint(&site.target_url).await, before);

    let mut killed = site.begin(&[&arguments[..], &["--attempts", "1000"]].concat());
    let state = |wanted: &'static str| move |status: &Value| status["way_back"]["state"] == wanted;
    site.wait_for(&mut killed, "fallback", state("falling-back"))
        .await;
    killed.kill();
    site.wait_for(&mut runner, "an open way back", state("open"))
        .await;
    writer.batch_execute("rollback").await.expect("it was not ended");
    assert_eq!(fingerprint(&site.target_url).await, before);

    execute(&site.target_url, ROUND)
        .await
        .expect("the application writes as before");
    site.wait_for_count(&site.source_url, ACCOUNTS, 101).await;
    site.succeed(&["finish", "--yes"]);
    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    let left = [
        fingerprint(&site.source_url).await,
        fingerprint(&site.target_url).await,
    ]
    .concat();
    let ours: Vec<_> = left.iter().filter(|line| line.contains("transhume")).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}

/// The finding that the stream waits for, once it says this.
async fn awaited(site: &Site, runner: &mut Running, wanted: &str) -> Value {
    let drift = |status: &Value| {
        let findings = stream(status)["findings"].as_array().cloned();
        let is_it =
            |finding: &Value| finding["code"] == "schema-drift" && finding.to_string().contains(wanted);
        findings.unwrap_or_default().into_iter().find(is_it)
    };
    site.wait_for(runner, wanted, |status| drift(status).is_some())
        .await;
    drift(&site.status().expect("a status")).expect("it stands until somebody acts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_schema_on_the_new_side_holds_the_way_back_until_the_old_side_has_it_too() {
    let site = cut_over().await;
    // Before anybody looks at the schemas from that side.
    let changed = execute(
        &site.target_url,
        "alter table account rename column note to remark;
         alter table account add column colour text not null default 'none';
         insert into account (balance, remark, colour) values (1, 'renamed', 'red')",
    );
    changed
        .await
        .expect("the application changes its schema and writes");
    let mut runner = site.begin(&["run"]);
    for wanted in ["rename column", "add column"] {
        let finding = awaited(&site, &mut runner, wanted).await;
        let told = finding.to_string();
        assert!(told.contains("on the old source, postgresql://"), "{finding:#}");
        let printed = finding["to_run"][0].as_str().expect("a statement to run");
        let run = execute(&site.source_url, printed).await;
        assert_eq!(run, Ok(()), "{finding:#}");
    }
    let red = "select count(*) from account where (remark, colour) = ('renamed', 'red')";
    site.wait_for_count(&site.source_url, red, 1).await;
}
