//! The first migration as the README tells it, command by command, under traffic.

use std::{fs, path::Path};

use transhume_testkit::{
    oracle,
    traffic::{Traffic, TrafficOptions},
};

use super::site::{Running, Site};

/// The calls of the block that begins with the two connections.
fn commands() -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = fs::read_to_string(path).expect("the README can be read");
    let from = text
        .find("export TRANSHUME_SOURCE")
        .expect("the README names the source");
    let block = text[from..]
        .split("```")
        .next()
        .expect("the first piece is always there");
    block
        .lines()
        .filter_map(|line| line.strip_prefix("transhume "))
        .map(|line| line.split('#').next().unwrap_or_default())
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_migration_of_the_readme_goes_through() {
    let site = Site::with_torture(15, 15).await;
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    traffic.wait_for(50).await;
    let mut runner = None;
    let mut commands_seen = Vec::new();
    for command in commands() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        match arguments[..] {
            ["run"] => runner = Some(start(&site).await),
            ["verify"] => site.verify_under_traffic(),
            ["cutover" | "fallback" | "finish", ..] => {
                site.succeed(&[&arguments[..], &["--yes"]].concat());
            }
            _ => drop(site.succeed(&arguments)),
        }
        match arguments[..] {
            ["cutover"] => {
                traffic.redirect(&site.target_url);
                traffic.wait_for(50).await;
            }
            ["fallback"] => {
                traffic.redirect(&site.source_url);
                traffic.wait_for(50).await;
            }
            _ => {}
        }
        commands_seen.push(command.join(" "));
    }
    assert_eq!(
        commands_seen.last().map(String::as_str),
        Some("finish"),
        "{commands_seen:#?}"
    );
    let promised = traffic.stop().await;
    oracle::ledger_check(&site.source_url, &promised).await;
    drop(runner);
}

/// As the README says it: the same command loads and then follows.
async fn start(site: &Site) -> Running {
    let mut running = site.begin(&["run"]);
    site.wait_for(&mut running, "following", |status| {
        status["phase"] == "follow" && !status["runner"].is_null()
    })
    .await;
    running
}
