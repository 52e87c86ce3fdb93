//! Passwords that are tokens of a minute, while sessions are ended at random: the run goes on by itself, nothing is lost, and a
//! server that counts refused logins has no reason to bar anybody.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};
use transhume_demo::cluster::{Authentication, ClusterOptions};
use transhume_testkit::{
    Pair,
    connection::connect,
    oracle::{self, Except},
    server::{self, EVERYDAY_MAJOR, cluster},
};

use super::site::{DATABASE, Site};

/// Of the superuser, who changes the tokens and ends the sessions.
const PASSWORD: &str = "of the test";
/// What is a minute elsewhere.
const CHANGED_EVERY: Duration = Duration::from_secs(2);
/// On each side one session.
const ENDED_EVERY: Duration = Duration::from_millis(600);
/// For each token that went.
const REFUSED_AT_MOST: usize = 3;
/// While it is loaded and followed.
const TOKENS: usize = 3;
/// They come each two seconds.
const DEADLINE: Duration = Duration::from_secs(60);

const TABLES: &str = "
    create table live (id int primary key);
    do $$ begin for n in 1..3 loop
        execute format('create table b%s (id int primary key, body text)', n);
        execute format('insert into b%s select g, repeat(''x'', 1000) from generate_series(1, 600) g', n);
    end loop; end $$";

const ENDED: &str = "
    select count(pg_terminate_backend(pid)) from (
        select pid from pg_stat_activity where application_name like 'transhume:%' order by random() limit 1) chosen";

/// Goes on until it is stopped, and then says how many tokens there were.
struct Trouble {
    is_over: Arc<AtomicBool>,
    tokens: watch::Receiver<usize>,
    working: JoinHandle<usize>,
}

impl Trouble {
    fn start(site: &Site, administrator: &str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (source, target) = (site.source_url.clone(), administrator.to_owned());
        let (token, over) = (site.path("token"), Arc::clone(&is_over));
        let (so_far, seen) = watch::channel(0);
        let working = tokio::spawn(async move {
            let source = connect(&source).await.expect("the source answers");
            let target = connect(&target).await.expect("the target answers");
            let (mut tokens, mut rows, mut changed) = (0, 0, Instant::now());
            while !over.load(Ordering::Relaxed) {
                rows += 1;
                let row = format!("insert into live values ({rows})");
                source.batch_execute(&row).await.expect("a row is written");
                for server in [&source, &target] {
                    server
                        .query_one(ENDED, &[])
                        .await
                        .expect("a session can be ended");
                }
                if changed.elapsed() >= CHANGED_EVERY {
                    (tokens, changed) = (tokens + 1, Instant::now());
                    let renewed = format!("alter role mover password 'token {tokens}'");
                    target.batch_execute(&renewed).await.expect("it is changed");
                    std::fs::write(&token, format!("token {tokens}\n")).expect("it is written");
                    so_far.send_replace(tokens);
                }
                tokio::time::sleep(ENDED_EVERY).await;
            }
            tokens
        });
        Self {
            is_over,
            tokens: seen,
            working,
        }
    }

    /// Until there were so many more tokens.
    async fn more_tokens(&mut self, more: usize) {
        let wanted = *self.tokens.borrow() + more;
        let come = timeout(DEADLINE, self.tokens.wait_for(|tokens| *tokens >= wanted));
        come.await.expect("tokens change").expect("nobody stopped it");
    }

    async fn stop(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        self.working.await.expect("it ended in order")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_change_while_sessions_are_ended_cost_few_refused_logins_and_no_row() {
    let mut options = ClusterOptions::new(server::server(EVERYDAY_MAJOR));
    options.authentication = Authentication::Scram {
        password: PASSWORD.to_owned(),
    };
    let mut site = Site::of(Pair::of(cluster(EVERYDAY_MAJOR), server::start(options))).await;
    site.execute_on_source(TABLES).await;
    let administrator = site.target.url(DATABASE);
    let client = connect(&administrator).await.expect("the target answers");
    client
        .batch_execute("create role mover superuser login password 'token 0'")
        .await
        .expect("a role can be made");
    site.target_url = format!("postgresql://mover@127.0.0.1:{}/{DATABASE}", site.target.port());
    site.write("token", "token 0\n");
    site.write("transhume.toml", "[target]\npassword_command = \"cat token\"\n");

    let mut runner = site.begin(&["run", "--rate-limit", "2MB", "--loaders", "2"]);
    runner.said("phase full-load").await;
    let mut trouble = Trouble::start(&site, &administrator);
    runner.said("phase follow").await;
    trouble.more_tokens(TOKENS).await;
    let tokens = trouble.stop().await;

    let written = connect(&site.source_url).await.expect("the source answers");
    let row = written.query_one("select count(*) from live", &[]).await;
    let rows: i64 = row.expect("it is counted").get(0);
    site.wait_for_count(&administrator, "select count(*) from live", rows)
        .await;
    let differences = oracle::row_differences(&site.source_url, &administrator, &Except::default()).await;
    assert!(differences.is_empty(), "{differences:?}");
    assert!(runner.is_alive(), "{}", runner.log());
    let log = std::fs::read_to_string(site.target.log_path()).expect("the server has a log");
    let refused = log.matches("password authentication failed").count();
    assert!(tokens >= TOKENS, "{tokens}");
    assert!(
        (1..=REFUSED_AT_MOST * tokens).contains(&refused),
        "{refused} refused for {tokens} tokens:\n{}",
        runner.log()
    );
}
