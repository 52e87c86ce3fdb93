//! The web console in Chromium, beside a real migration: how each page looks, and what a person can do there.
//!
//! Not in the everyday run: `make test-browser` and the CI install what it needs and run it.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    console::{Client, TOKEN},
    site::{Site, phase},
};

/// Where `scripts/test-browser` has put playwright-core and axe-core.
fn modules() -> PathBuf {
    let modules = std::env::var_os("TRANSHUME_BROWSER").map(PathBuf::from);
    modules.expect("run it by \"make test-browser\", which installs what it needs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_every_page_to_everybody_and_a_stop_at_once() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(
        "create schema shop; create table shop.item (id int primary key, body text);
         create table shop.customer (id int primary key, name text);
         create table shop.a_table_with_a_name_that_is_as_long_as_postgresql_lets_it_be_ (id int primary key);
         create table shop.log (line text);
         insert into shop.item select n, repeat('before', n % 50) from generate_series(1, 20000) n;
         insert into shop.customer select n, 'customer ' || n from generate_series(1, 5000) n",
    )
    .await;
    site.write("token", TOKEN);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
        .await;
    site.succeed(&["verify"]);
    site.succeed(&["cutover", "--rehearse", "--yes"]);
    // A row that the next insert of the source meets.
    let in_the_way = "insert into shop.customer values (5001, 'of the target')";
    let target = transhume_testkit::connection::connect(&site.target_url)
        .await
        .expect("the target answers");
    target
        .batch_execute(in_the_way)
        .await
        .expect("a row can be inserted");

    // Apart from the runner, which the stop ends.
    let mut console = site.begin(&["serve", "--listen", "127.0.0.1:0", "--token-file", "token"]);
    let address = Client::of(&mut console).await.address;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = modules();
    let mut browser = Command::new("node")
        .arg(here.join("tests/browser/console.mjs"))
        .args([&format!("http://{address}"), TOKEN])
        .arg(modules.join("pictures"))
        .env("TRANSHUME_BROWSER", &modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is there");
    let mut answer = browser.stdin.take().expect("it is piped");
    let mut said = BufReader::new(browser.stdout.take().expect("it is piped")).lines();
    while let Some(Ok(line)) = said.next() {
        match line.as_str() {
            "restart" => {
                console.terminate();
                console.ended().await;
                console = site.begin(&["serve", "--listen", &address, "--token-file", "token"]);
                console.said("the console answers on").await;
            }
            "stop" => {
                site.execute_on_source("insert into shop.customer values (5001, 'of the source')")
                    .await;
                assert_ne!(runner.ended().await, 0, "{}", runner.log());
            }
            other => panic!("what is {other:?}?"),
        }
        writeln!(answer, "done").expect("the browser listens");
    }
    let ended = browser.wait().expect("node can be waited for");
    assert!(
        ended.success(),
        "what it found stands above; pictures: {}",
        modules.display()
    );
}
