//! Everybody who may write while a cutover fences the source, all at once: each waits or is refused, and whatever was
//! acknowledged to anybody is on the target, once.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle};
use tokio_postgres::{Client, SimpleQueryMessage};
use transhume_testkit::{
    Pair,
    connection::{connect, describe},
};

use super::site::{Running, Site, phase};

const SCHEMA: &str = "
    create role app login; create role owner login; grant create on schema public to owner;
    create table by_superuser (n int primary key); create table by_app (n int primary key);
    create table by_copy (n int, copied int); create table by_truncate (n int primary key);
    create table late_commit (n int primary key); create table prepared (n int primary key);
    create table serial (n bigint primary key); create sequence numbers;
    create table large (n oid primary key);
    set role owner; create table by_owner (n int primary key); reset role;
    grant insert on by_app to app; grant insert, truncate on by_truncate to app;
    grant usage on sequence numbers to app;
";

/// Between two statements of each: a debug build on two busy cores must apply what all together write, each truncation and each
/// change of the schema among it, or no cutover would find the lag small enough.
const REST: Duration = Duration::from_millis(40);

/// One who writes again and again, each time on a connection of his own where the last one failed.
struct Hostile {
    name: &'static str,
    role: &'static str,
    /// With `{n}` for the number of the round; a row that it returns is what was promised, else the number is.
    statement: &'static str,
    /// Every row that was promised must be found there on the target.
    rows: &'static str,
}

const HOSTILE: [Hostile; 9] = [
    Hostile {
        name: "superuser",
        role: "postgres",
        statement: "insert into by_superuser values ({n})",
        rows: "select n from by_superuser",
    },
    Hostile {
        name: "table owner who asks to write",
        role: "owner",
        statement: "begin read write; insert into by_owner values ({n}); commit",
        rows: "select n from by_owner",
    },
    Hostile {
        name: "autocommit loop",
        role: "app",
        statement: "insert into by_app values ({n})",
        rows: "select n from by_app",
    },
    Hostile {
        name: "COPY",
        role: "postgres",
        statement: "copy by_copy from program 'seq -f \"{n}\t%g\" 200'",
        rows: "select n from by_copy group by n having count(*) = 200",
    },
    Hostile {
        name: "TRUNCATE",
        role: "app",
        statement: "begin read write; truncate by_truncate; insert into by_truncate values ({n}); commit",
        // The last one replaces all others.
        rows: "select generate_series(1, max(n)) from by_truncate",
    },
    Hostile {
        name: "nextval",
        role: "app",
        statement: "begin read write; select nextval('numbers'); commit",
        // None that was given out may come again.
        rows: "select generate_series(1, last_value - 1) from numbers",
    },
    Hostile {
        name: "DDL",
        role: "owner",
        statement: "begin; create table made_{n} (n int); drop table made_{n}; commit",
        rows: "select generate_series(1, 100000)",
    },
    Hostile {
        name: "vacuum",
        role: "postgres",
        statement: "vacuum (analyze) by_app",
        rows: "select generate_series(1, 100000)",
    },
    Hostile {
        name: "lo_create",
        role: "app",
        statement: "begin; select lo_create(0); commit",
        rows: "select oid::bigint from pg_largeobject_metadata",
    },
];

/// What became of one of them.
#[derive(Debug, Default, Clone)]
struct Outcome {
    promised: Vec<i64>,
    refusals: Vec<String>,
}

struct Crowd {
    stop: watch::Sender<bool>,
    outcomes: Arc<Mutex<BTreeMap<&'static str, Outcome>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Crowd {
    fn start(source: &str) -> Self {
        let (stop, is_over) = watch::channel(false);
        let outcomes = Arc::new(Mutex::new(BTreeMap::new()));
        let tasks = HOSTILE.iter().map(|hostile| {
            let url = source.replacen("postgres@", &format!("{}@", hostile.role), 1);
            let (is_over, outcomes) = (is_over.clone(), Arc::clone(&outcomes));
            tokio::spawn(async move { write(hostile, &url, &is_over, &outcomes).await })
        });
        Self {
            tasks: tasks.collect(),
            stop,
            outcomes,
        }
    }

    fn so_far(&self) -> BTreeMap<&'static str, Outcome> {
        self.outcomes.lock().expect("no one panics").clone()
    }

    /// Waits until each of them fulfils a condition.
    async fn wait_for(&self, what: &str, fulfilled: impl Fn(&Outcome) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let outcomes = self.so_far();
            let lacking: Vec<_> = HOSTILE
                .iter()
                .map(|hostile| hostile.name)
                .filter(|name| !outcomes.get(name).is_some_and(&fulfilled))
                .collect();
            if lacking.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "no {what} of {lacking:?}: {outcomes:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn end(self) -> BTreeMap<&'static str, Outcome> {
        self.stop.send_replace(true);
        for task in self.tasks {
            task.await.expect("it ends in order");
        }
        self.outcomes.lock().expect("no one panics").clone()
    }
}

async fn write(
    hostile: &Hostile,
    url: &str,
    is_over: &watch::Receiver<bool>,
    outcomes: &Mutex<BTreeMap<&'static str, Outcome>>,
) {
    let mut session = None;
    let mut number = 0;
    while !*is_over.borrow() {
        number += 1;
        if session.is_none() {
            session = connect(url).await.ok();
        }
        let Some(client) = &session else { continue };
        let statement = hostile.statement.replace("{n}", &number.to_string());
        let answer = client.simple_query(&statement).await;
        let is_refused = answer.is_err();
        outcomes
            .lock()
            .expect("no one panics")
            .entry(hostile.name)
            .or_default()
            .note(number, answer);
        if is_refused {
            session = None;
            // A read-only session may still make large objects, and nobody can forbid it.
            if hostile.name == "lo_create" {
                return;
            }
        }
        tokio::time::sleep(REST).await;
    }
}

impl Outcome {
    fn note(&mut self, number: i64, answer: Result<Vec<SimpleQueryMessage>, tokio_postgres::Error>) {
        match answer {
            Ok(messages) => {
                let returned = messages.iter().find_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
                    _ => None,
                });
                self.promised.push(returned.unwrap_or(number));
            }
            Err(error) => self.refusals.push(describe(&error)),
        }
    }
}

/// The gate names a prepared transaction; gone past, the fence cannot stand and leaves no trace.
async fn a_prepared_transaction_is_in_the_way(site: &Site) {
    site.execute_on_source("begin; insert into prepared values (1); prepare transaction 'one'")
        .await;
    let ended = site.call(&["cutover", "--yes", "--override", "verification"]);
    assert_eq!(ended.code, 1, "{}", ended.error);
    assert!(ended.error.contains("prepared-transactions"), "{}", ended.error);
    let overridden = "verification,prepared-transactions,fence,long-transactions";
    let words = [
        "cutover",
        "--yes",
        "--attempts",
        "2",
        "--lock-timeout",
        "100ms",
        "--override",
        overridden,
    ];
    let ended = site.call(&words);
    assert_ne!(ended.code, 0, "{}", ended.error);
    assert!(
        ended
            .error
            .contains("locks were not to be had within 100 ms, in 2 attempts"),
        "{}",
        ended.error
    );
    assert_eq!(site.status().as_ref().map(phase), Some("follow"));
    site.execute_on_source("commit prepared 'one'").await;
}

async fn following() -> (Site, Running) {
    let site = Site::of(Pair::everyday()).await;
    let target = connect(&site.target_url).await.expect("the target answers");
    let roles = "create role app login; create role owner login";
    target.batch_execute(roles).await.expect("roles can be made");
    site.execute_on_source(SCHEMA).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    (site, runner)
}

/// A session that has done something and stays.
async fn staying(site: &Site, statements: &str) -> Client {
    let session = connect(&site.source_url).await.expect("the source answers");
    session
        .batch_execute(statements)
        .await
        .expect("the statements are in order");
    session
}

/// The fence was tried in vain.
const TRIED: &str = "writers go on meanwhile";

/// Every row that was promised to anybody is on the target. Large objects may be too many to be looked at again within
/// the pause; then the report says so.
async fn nothing_is_lost(site: &Site, outcomes: &BTreeMap<&'static str, Outcome>, report: &Value) {
    let target = connect(&site.target_url).await.expect("the target answers");
    let findings = report["findings"].as_array().expect("findings").iter();
    let is_told = findings
        .clone()
        .any(|finding| finding["code"] == "large-objects-not-compared-again");
    for hostile in HOSTILE
        .iter()
        .filter(|hostile| hostile.name != "lo_create" || !is_told)
    {
        let rows = target.query(hostile.rows, &[]).await.expect(hostile.rows);
        let found: HashSet<i64> = rows
            .iter()
            .map(|row| row.try_get(0).unwrap_or_else(|_| row.get::<_, i32>(0).into()))
            .collect();
        let outcome = &outcomes[hostile.name];
        let lost: Vec<_> = outcome
            .promised
            .iter()
            .filter(|promised| !found.contains(promised))
            .collect();
        assert!(
            lost.is_empty(),
            "{}: {lost:?} of {outcome:?}\n{report:#}",
            hostile.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_during_the_fence_waits_or_is_refused_and_nothing_acknowledged_is_lost() {
    let (site, _runner) = following().await;
    a_prepared_transaction_is_in_the_way(&site).await;
    let crowd = Crowd::start(&site.source_url);
    crowd
        .wait_for("writes", |outcome| outcome.promised.len() >= 3)
        .await;
    let advisory = staying(&site, "select pg_advisory_lock(1)").await;
    let reader = staying(
        &site,
        "begin isolation level repeatable read; select count(*) from by_app",
    )
    .await;
    let late = staying(&site, "begin; insert into late_commit values (1)").await;

    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--attempts",
        "100",
    ];
    let mut cutover = site.begin(&words);
    cutover.said(TRIED).await;
    late.batch_execute("commit").await.expect("it was let through");
    assert_eq!(cutover.ended().await, 0, "{}", cutover.log());

    crowd
        .wait_for("refusal", |outcome| !outcome.refusals.is_empty())
        .await;
    let outcomes = crowd.end().await;
    for session in [&advisory, &reader] {
        assert!(session.batch_execute("select 1").await.is_err(), "it was ended");
    }
    let history = "select detail::text from transhume.history where step = 'cutover'";
    let history = site.target_names(history).await;
    let report: Value = serde_json::from_str(history.last().expect("a cutover")).expect("JSON");
    assert_eq!(report["late_changes"], 0, "{report:#}");
    assert!(report["fence_attempts"].as_u64() > Some(1), "{report:#}");
    nothing_is_lost(&site, &outcomes, &report).await;
    for table in ["late_commit", "prepared"] {
        let count = site
            .target_names(&format!("select count(*)::text from {table}"))
            .await;
        assert_eq!(count, ["1"], "{table}");
    }
}
