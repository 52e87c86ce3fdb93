//! Everybody who may write while a cutover fences the source, all at once: each waits or is refused, and whatever was
//! acknowledged to anybody is on the target, once.

use std::{
    collections::{BTreeMap, HashSet},
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::watch,
    task::JoinHandle,
};
use tokio_postgres::{Client, SimpleQueryMessage};
use transhume_testkit::{
    Pair,
    connection::{connect, describe},
    server::{EVERYDAY_MAJOR, client_programs},
};

use super::site::{Running, Site, phase};

const SCHEMA: &str = "
    create role app login; create role owner login; grant create on schema public to owner;
    create table by_superuser (n int primary key); create table by_app (n int primary key);
    create table by_copy (n int, copied int); create table by_truncate (n int primary key);
    create table late_commit (n int primary key); create table prepared (n int primary key);
    create table serial (n bigint primary key); create sequence numbers;
    create table large (n oid primary key); create table by_walsender (n int primary key);
    create table fed (n int primary key);
    set role owner; create table by_owner (n int primary key); reset role;
    grant insert on by_app to app; grant insert, truncate on by_truncate to app;
    grant usage on sequence numbers to app;
";

/// Between two statements of each: a debug build on two busy cores must apply what all together write, each truncation and each
/// change of the schema among it, or no cutover would find the lag small enough.
const REST: Duration = Duration::from_millis(80);

/// One who writes again and again, each time on a connection of his own where the last one failed.
struct Hostile {
    name: &'static str,
    role: &'static str,
    /// A client, or a walsender, which runs SQL too.
    connected: Connected,
    /// With `{n}` for the number of the round; a row that it returns is what was promised, else the number is.
    statement: &'static str,
    /// Every row that was promised must be found there on the target.
    rows: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Connected {
    Client,
    Walsender,
}
use Connected::{Client as AsClient, Walsender as AsWalsender};

/// With the subscription, which writes for its publisher, eleven.
const HOSTILE: [Hostile; 10] = [
    Hostile {
        name: "superuser's walsender that is called as ours are",
        role: "postgres",
        connected: AsWalsender,
        statement: "insert into by_walsender values ({n})",
        rows: "select n from by_walsender",
    },
    Hostile {
        name: "superuser",
        role: "postgres",
        connected: AsClient,
        statement: "insert into by_superuser values ({n})",
        rows: "select n from by_superuser",
    },
    Hostile {
        name: "table owner who asks to write",
        role: "owner",
        connected: AsClient,
        statement: "begin read write; insert into by_owner values ({n}); commit",
        rows: "select n from by_owner",
    },
    Hostile {
        name: "autocommit loop",
        role: "app",
        connected: AsClient,
        statement: "insert into by_app values ({n})",
        rows: "select n from by_app",
    },
    Hostile {
        name: "COPY",
        role: "postgres",
        connected: AsClient,
        statement: "copy by_copy from program 'seq -f \"{n}\t%g\" 50'",
        rows: "select n from by_copy group by n having count(*) = 50",
    },
    Hostile {
        name: "TRUNCATE",
        role: "app",
        connected: AsClient,
        statement: "begin read write; truncate by_truncate; insert into by_truncate values ({n}); commit",
        // The last one replaces all others.
        rows: "select generate_series(1, max(n)) from by_truncate",
    },
    Hostile {
        name: "nextval",
        role: "app",
        connected: AsClient,
        statement: "begin read write; select nextval('numbers'); commit",
        // None that was given out may come again.
        rows: "select generate_series(1, last_value - 1) from numbers",
    },
    Hostile {
        name: "DDL",
        role: "owner",
        connected: AsClient,
        statement: "begin; create table made_{n} (n int); drop table made_{n}; commit",
        rows: "select generate_series(1, 100000)",
    },
    Hostile {
        name: "vacuum",
        role: "postgres",
        connected: AsClient,
        statement: "vacuum (analyze) by_app",
        rows: "select generate_series(1, 100000)",
    },
    Hostile {
        name: "lo_create",
        role: "app",
        connected: AsClient,
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
            session = Line::open(hostile.connected, url).await;
        }
        let Some(line) = &mut session else { continue };
        let statement = hostile.statement.replace("{n}", &number.to_string());
        let answer = line.run(&statement).await;
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

/// A session of one of them.
enum Line {
    Client(Client),
    Walsender(Walsender),
}

/// psql on a walsender, which no driver at hand opens.
struct Walsender {
    /// Killed when it is dropped.
    _psql: Child,
    statements: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Line {
    /// None where nobody is let in.
    async fn open(connected: Connected, url: &str) -> Option<Self> {
        match connected {
            AsClient => connect(url).await.ok().map(Self::Client),
            AsWalsender => Some(Self::Walsender(Walsender::open(url))),
        }
    }

    /// A number that it returned, if it returned one.
    async fn run(&mut self, statement: &str) -> Result<Option<i64>, String> {
        match self {
            Self::Client(client) => {
                let messages = client.simple_query(statement).await;
                let messages = messages.map_err(|error| describe(&error))?;
                Ok(messages.iter().find_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
                    _ => None,
                }))
            }
            Self::Walsender(walsender) => walsender.run(statement).await,
        }
    }
}

impl Walsender {
    fn open(url: &str) -> Self {
        let url = format!("{url}?replication=database&application_name=transhume%3Aapp");
        let mut psql = Command::new(client_programs(EVERYDAY_MAJOR).join("psql"))
            .args(["--no-psqlrc", "--set=ON_ERROR_STOP=1", &url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("psql starts");
        let answers = BufReader::new(psql.stdout.take().expect("it is piped")).lines();
        Self {
            statements: psql.stdin.take().expect("it is piped"),
            answers,
            _psql: psql,
        }
    }

    async fn run(&mut self, statement: &str) -> Result<Option<i64>, String> {
        let line = format!("{statement};\n");
        let asked = self.statements.write_all(line.as_bytes()).await;
        // Its answer says the rest.
        drop(asked);
        match self.answers.next_line().await {
            Ok(Some(answer)) if answer.starts_with("INSERT ") => Ok(None),
            other => Err(format!("psql ended: {other:?}")),
        }
    }
}

impl Outcome {
    fn note(&mut self, number: i64, answer: Result<Option<i64>, String>) {
        match answer {
            Ok(returned) => self.promised.push(returned.unwrap_or(number)),
            Err(refusal) => self.refusals.push(refusal),
        }
    }
}

/// A database of the target's server publishes what the source subscribes to, and is written to without end.
struct Publisher {
    stop: watch::Sender<bool>,
    writing: JoinHandle<()>,
}

impl Publisher {
    /// The source has the table already.
    async fn feed(site: &Site) -> Self {
        let server = connect(&site.target.url("postgres")).await.expect("it answers");
        server
            .batch_execute("create database publisher")
            .await
            .expect("it is made");
        let url = site.target.url("publisher");
        let publisher = connect(&url).await.expect("it answers");
        publisher
            .batch_execute("create table fed (n int primary key); create publication feed for table fed")
            .await
            .expect("it publishes");
        site.execute_on_source(&format!(
            "create subscription feed connection '{url}' publication feed with (slot_name = 'feed')"
        ))
        .await;
        let (stop, is_over) = watch::channel(false);
        let writing = tokio::spawn(async move {
            let insert = "insert into fed select coalesce(max(n), 0) + 1 from fed";
            while !*is_over.borrow() {
                // Its server ends where the test has failed.
                if publisher.execute(insert, &[]).await.is_err() {
                    break;
                }
                tokio::time::sleep(REST).await;
            }
        });
        Self { stop, writing }
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.writing.await.expect("it ends in order");
    }
}

/// All that the publisher brought to the source is on the target, and the rest waits at the publisher.
async fn what_was_fed_has_moved(site: &Site) {
    let rows = "select n::text from fed order by n";
    let fed = site.source_names(rows).await;
    assert!(fed.len() > 3, "{fed:?}");
    assert_eq!(site.target_names(rows).await, fed);
    let publisher = connect(&site.target.url("publisher")).await.expect("it answers");
    let all: i64 = publisher
        .query_one("select count(*) from fed", &[])
        .await
        .expect("a count")
        .get(0);
    assert!(all > i64::try_from(fed.len()).expect("few"), "it was written on");
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

async fn following() -> (Site, Running, Publisher) {
    let site = Site::of(Pair::everyday()).await;
    let target = connect(&site.target_url).await.expect("the target answers");
    let roles = "create role app login; create role owner login";
    target.batch_execute(roles).await.expect("roles can be made");
    site.execute_on_source(SCHEMA).await;
    let publisher = Publisher::feed(&site).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    (site, runner, publisher)
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
    let (site, _runner, publisher) = following().await;
    a_prepared_transaction_is_in_the_way(&site).await;
    cut_over_among_writers(&site).await;
    publisher.end().await;
    what_was_fed_has_moved(&site).await;
    let count = site.target_names("select count(*)::text from prepared").await;
    assert_eq!(count, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_cutovers_among_eleven_kinds_of_writers_lose_nothing() {
    for number in 1..=20 {
        eprintln!("cutover {number}");
        let (site, _runner, publisher) = following().await;
        cut_over_among_writers(&site).await;
        publisher.end().await;
        what_was_fed_has_moved(&site).await;
    }
}

async fn cut_over_among_writers(site: &Site) {
    let crowd = Crowd::start(&site.source_url);
    crowd
        .wait_for("writes", |outcome| outcome.promised.len() >= 3)
        .await;
    let advisory = staying(site, "select pg_advisory_lock(1)").await;
    let reader = staying(
        site,
        "begin isolation level repeatable read; select count(*) from by_app",
    )
    .await;
    let late = staying(site, "begin; insert into late_commit values (1)").await;

    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--attempts",
        "100",
        // How long it takes is no matter here.
        "--drain-timeout",
        "60s",
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
    nothing_is_lost(site, &outcomes, &report).await;
    let count = site.target_names("select count(*)::text from late_commit").await;
    assert_eq!(count, ["1"]);
}
