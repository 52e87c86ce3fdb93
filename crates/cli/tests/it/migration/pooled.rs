//! Through PgBouncer: the application moves and no client ever sees an error, or moves not at all.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle};
use transhume_testkit::{connection::connect, pgbouncer::PgBouncer};

use super::site::{DATABASE, Site, phase};

const SHOP: &str = "
    create table purchase (id bigint generated always as identity primary key, client int not null, step int not null);
    create table account (id int primary key, balance int not null);
    insert into account select n, 0 from generate_series(1, 50) n;
";

const CLIENTS: i32 = 8;

/// Longest that a client may wait in a test: the machine is shared and the build is slow.
const PATIENCE: Duration = Duration::from_secs(10);

/// Clients that buy without a rest, and remember the numbers that they were given.
struct Shoppers {
    stop: watch::Sender<bool>,
    count: watch::Receiver<usize>,
    tasks: Vec<JoinHandle<Shopping>>,
}

#[derive(Default)]
struct Shopping {
    numbers: Vec<i64>,
    errors: Vec<String>,
    longest_wait: Duration,
}

impl Shoppers {
    async fn start(url: &str) -> Self {
        let (stop, is_over) = watch::channel(false);
        let (counting, count) = watch::channel(0);
        let mut tasks = Vec::new();
        for client in 0..CLIENTS {
            let session = connect(url).await.expect("the pooler answers");
            let (is_over, counting) = (is_over.clone(), counting.clone());
            tasks.push(tokio::spawn(async move {
                let mut shopping = Shopping::default();
                let mut number = 0;
                while !*is_over.borrow() {
                    number += 1;
                    let began = Instant::now();
                    match buy(&session, client, number).await {
                        Ok(number) => shopping.numbers.push(number),
                        Err(error) => shopping.errors.push(format!("{error:?}")),
                    }
                    shopping.longest_wait = shopping.longest_wait.max(began.elapsed());
                    counting.send_modify(|count| *count += 1);
                    if !shopping.errors.is_empty() {
                        break;
                    }
                }
                shopping
            }));
        }
        Self { stop, count, tasks }
    }

    /// Waits until they have bought this often from now on.
    async fn buy(&mut self, more: usize) {
        let wanted = *self.count.borrow() + more;
        let reached = tokio::time::timeout(PATIENCE * 6, self.count.wait_for(|count| *count >= wanted));
        reached.await.expect("they go on buying").expect("they live");
    }

    async fn end(self) -> Shopping {
        self.stop.send_replace(true);
        let mut all = Shopping::default();
        for task in self.tasks {
            let own = task.await.expect("a client ends in order");
            all.numbers.extend(own.numbers);
            all.errors.extend(own.errors);
            all.longest_wait = all.longest_wait.max(own.longest_wait);
        }
        all
    }
}

async fn buy(session: &tokio_postgres::Client, client: i32, step: i32) -> Result<i64, tokio_postgres::Error> {
    let text = format!(
        "begin; update account set balance = balance + 1 where id = {client} + 1; \
         insert into purchase (client, step) values ({client}, {step}) returning id; commit"
    );
    let messages = session.simple_query(&text).await?;
    let number = messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    Ok(number.expect("a number was returned"))
}

struct Pooled {
    site: Site,
    pooler: PgBouncer,
    shoppers: Shoppers,
}

async fn following() -> Pooled {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    site.succeed(&["run", "--until-caught-up"]);
    let pooler = PgBouncer::start(&site.source, DATABASE);
    let shoppers = Shoppers::start(&pooler.url(DATABASE)).await;
    Pooled {
        site,
        pooler,
        shoppers,
    }
}

impl Pooled {
    fn cutover(&self, more: &[&str]) -> Vec<String> {
        let file = self.pooler.file().display().to_string();
        let console = self.pooler.console();
        let mut arguments = vec!["cutover", "--yes", "--override", "verification"];
        arguments.extend(["--pgbouncer-admin", &console, "--pgbouncer-file", &file]);
        arguments.extend(more);
        arguments.into_iter().map(str::to_owned).collect()
    }
}

fn called(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

async fn numbers(url: &str) -> Vec<i64> {
    let client = connect(url).await.expect("the server answers");
    let rows = client.query("select id from purchase", &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

/// It is the sum of its parts, and the status goes by what was measured from then on.
fn the_forecast_holds(rehearsal: &Value, status: &Value) {
    let parts = rehearsal["forecast_parts"].as_array().expect("parts");
    let sum: f64 = parts
        .iter()
        .filter_map(|part| part["milliseconds"].as_f64())
        .sum();
    assert!((sum - rehearsal["forecast_milliseconds"].as_f64().expect("a forecast")).abs() < 0.001);
    let is_measured = |estimate: &Value, name: &str| {
        let parts = estimate.as_array().expect("parts");
        let part = parts.iter().find(|part| part["name"] == name);
        part.expect("every step")["measured"] == true
    };
    assert!(is_measured(
        &rehearsal["forecast_parts"],
        "marker into the source's WAL"
    ));
    assert!(!is_measured(
        &rehearsal["forecast_parts"],
        "source closed to writers"
    ));
    assert_eq!(phase(status), "follow");
    // What it has measured is what the status goes by from now on.
    assert_eq!(status["write_pause"]["rehearsed"], true, "{status:#}");
    assert!(is_measured(
        &status["write_pause"]["parts"],
        "clients held by PgBouncer"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_pgbouncer_move_without_an_error_and_hooks_and_report_tell_of_it() {
    let mut pooled = following().await;
    let site = &pooled.site;
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    pooled.shoppers.buy(50).await;
    let directory = tempfile::tempdir().expect("a directory");
    let told = directory.path().join("told");
    let hook = format!(
        "cat >> {0}; echo >> {0}; echo \"$TRANSHUME_MOMENT $TRANSHUME_TARGET_PORT $TRANSHUME_SOURCE\" >> {0}",
        told.display()
    );
    let reports = directory.path().join("reports").display().to_string();
    let hooks = [
        "--hook-before-fence",
        &hook,
        "--hook-drained",
        &hook,
        "--hook-opened",
        &hook,
    ];

    // First a rehearsal: everything but the last step, and nobody notices.
    let file = fs::read(pooled.pooler.file()).expect("a file");
    let rehearsed = site.succeed(&called(&pooled.cutover(&["--rehearse", "--json"])));
    let rehearsal: Value = serde_json::from_str(&rehearsed.output).expect("a report");
    assert_eq!(rehearsal["rehearsal"], true);
    the_forecast_holds(&rehearsal, &site.status().expect("a migration"));
    assert_eq!(fs::read(pooled.pooler.file()).expect("a file"), file);
    pooled.shoppers.buy(50).await;

    let more = [&hooks[..], &["--json", "--report", &reports]].concat();
    let ended = site.succeed(&called(&pooled.cutover(&more)));
    let report: Value = serde_json::from_str(&ended.output).expect("a report");
    assert_eq!(report["late_changes"], 0, "{report:#}");
    assert_eq!(report["findings"], Value::Array(Vec::new()), "{report:#}");
    pooled.shoppers.buy(100).await;
    let shopping = pooled.shoppers.end().await;
    assert_eq!(shopping.errors, Vec::<String>::new());
    assert!(shopping.longest_wait < PATIENCE, "{:?}", shopping.longest_wait);
    let distinct: HashSet<i64> = shopping.numbers.iter().copied().collect();
    assert_eq!(
        distinct.len(),
        shopping.numbers.len(),
        "a number was given out twice"
    );
    let found: HashSet<i64> = numbers(&site.target_url).await.into_iter().collect();
    assert_eq!(found, distinct);
    // It follows the target back by now.
    runner.kill();

    let said = fs::read_to_string(&told).expect("the hooks were called");
    let port = site.target.port();
    for moment in ["before-fence", "drained", "opened"] {
        // The last word would be our own connection string.
        assert!(said.contains(&format!("{moment} {port} \n")), "{said}");
        assert!(said.contains(&format!("\"moment\":\"{moment}\"")), "{said}");
    }
    let mut files: Vec<_> = fs::read_dir(&reports)
        .expect("reports")
        .flatten()
        .map(|file| file.path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 2, "{files:?}");
    let page = fs::read_to_string(&files[0]).expect("a page");
    assert!(
        page.contains("<svg") && page.contains("nothing was committed on the source"),
        "{page}"
    );
    let after = fs::read_to_string(pooled.pooler.file()).expect("a file");
    let before = String::from_utf8(file).expect("text");
    let (source, target) = (format!("port={} ", site.source.port()), format!("port={port} "));
    assert_eq!(after, before.replacen(&source, &target, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutover_that_fails_or_dies_lets_the_clients_go_on_where_they_were() {
    let mut pooled = following().await;
    pooled.shoppers.buy(20).await;
    let file = fs::read(pooled.pooler.file()).expect("a file");
    let rights = fs::metadata(pooled.pooler.file())
        .expect("a file")
        .permissions()
        .mode();

    // The hook is called when the clients are held; the file points to the target only once that is open.
    let failing = pooled.cutover(&[
        "--hook-drained",
        "echo no such ticket >&2; exit 3",
        "--hook-undone",
        "true",
    ]);
    let ended = pooled.site.call(&called(&failing));
    assert_eq!(ended.code, 1, "{}", ended.error);
    assert!(ended.error.contains("no such ticket"), "{}", ended.error);
    assert_eq!(fs::read(pooled.pooler.file()).expect("a file"), file);
    assert_eq!(
        fs::metadata(pooled.pooler.file())
            .expect("a file")
            .permissions()
            .mode(),
        rights
    );
    assert_eq!(pooled.site.status().as_ref().map(phase), Some("follow"));
    pooled.shoppers.buy(20).await;

    // Killed at the same place: the runner puts it all back.
    let url = pooled.pooler.console();
    let path = pooled.pooler.file().display().to_string();
    let mut runner = pooled
        .site
        .begin(&["run", "--pgbouncer-admin", &url, "--pgbouncer-file", &path]);
    pooled
        .site
        .wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    let directory = tempfile::tempdir().expect("a directory");
    let hangs = directory.path().join("hangs");
    let hook = format!("touch {}; sleep 60", hangs.display());
    let hanging = pooled.cutover(&["--hook-drained", &hook, "--hook-timeout", "60s"]);
    let mut cutover = pooled.site.begin(&called(&hanging));
    let end = Instant::now() + PATIENCE * 6;
    while !hangs.exists() {
        assert!(Instant::now() < end, "not at its hook: {}", cutover.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cutover.kill();
    pooled.shoppers.buy(20).await;
    assert_eq!(fs::read(pooled.pooler.file()).expect("a file"), file);
    assert_eq!(
        fs::metadata(pooled.pooler.file()).expect("a file").uid(),
        fs::metadata(pooled.pooler.file().with_file_name("log"))
            .expect("a log")
            .uid()
    );
    pooled
        .site
        .wait_for(&mut runner, "follow again", |status| phase(status) == "follow")
        .await;
    runner.kill();
    let shopping = pooled.shoppers.end().await;
    assert_eq!(shopping.errors, Vec::<String>::new());
    let found: HashSet<i64> = numbers(&pooled.site.source_url).await.into_iter().collect();
    assert_eq!(found, shopping.numbers.into_iter().collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_leads_nowhere_is_found_before_anybody_waits() {
    let mut pooled = following().await;
    pooled.shoppers.buy(20).await;
    let file = fs::read(pooled.pooler.file()).expect("a file");
    let port = pooled.site.source.port();
    for (entry, told) in [
        (
            "host=127.0.0.1 port=1 dbname=shop".to_owned(),
            "clients could not log in on the target",
        ),
        (
            format!("host=127.0.0.1 port={port} dbname=shop"),
            "leads to another server than the target",
        ),
    ] {
        let refused = pooled
            .site
            .call(&called(&pooled.cutover(&["--pgbouncer-entry", &entry])));
        assert_eq!(refused.code, 1, "{}", refused.error);
        assert!(refused.error.contains(told), "{}", refused.error);
        assert_eq!(fs::read(pooled.pooler.file()).expect("a file"), file);
        assert_eq!(pooled.site.status().as_ref().map(phase), Some("follow"));
    }
    pooled.shoppers.buy(20).await;
    let shopping = pooled.shoppers.end().await;
    assert_eq!(shopping.errors, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_hosts_the_entry_leads_to_the_one_that_was_opened() {
    let mut pooled = following().await;
    let port = pooled.site.target.port();
    // Nobody listens on the first.
    pooled.site.target_url = format!("postgresql://postgres@127.0.0.1:1,127.0.0.1:{port}/{DATABASE}");
    pooled.shoppers.buy(20).await;
    let ended = pooled.site.succeed(&called(&pooled.cutover(&["--json"])));
    let report: Value = serde_json::from_str(&ended.output).expect("a report");
    let dsn = report["target_dsn"].as_str().unwrap_or_default();
    assert!(dsn.contains(&format!("port={port}")), "{dsn}");
    pooled.shoppers.buy(50).await;
    let shopping = pooled.shoppers.end().await;
    assert_eq!(shopping.errors, Vec::<String>::new());
    let file = fs::read_to_string(pooled.pooler.file()).expect("a file");
    assert!(
        file.contains(&format!("port={port}")) && !file.contains("transhume_trial"),
        "{file}"
    );
    let found: HashSet<i64> = numbers(&format!("postgresql://postgres@127.0.0.1:{port}/{DATABASE}"))
        .await
        .into_iter()
        .collect();
    assert_eq!(found, shopping.numbers.into_iter().collect());
}
