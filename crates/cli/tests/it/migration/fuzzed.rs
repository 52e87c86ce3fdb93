//! The API under an OpenAPI fuzzer, beside a real migration: nothing but what its description says is answered.
//!
//! Not in the everyday run: `make test-api` installs what it needs and runs it. What it found is asked for by `console`.

use std::{path::PathBuf, process::Command};

use super::{
    console::{Client, TOKEN},
    site::{Site, phase},
};

/// Cases for each operation, beside those of its coverage.
const CASES: &str = "40";

/// Where `scripts/test-api` has put schemathesis.
fn modules() -> PathBuf {
    let modules = std::env::var_os("TRANSHUME_SCHEMATHESIS").map(PathBuf::from);
    modules.expect("scripts/test-api runs this and sets TRANSHUME_SCHEMATHESIS")
}

fn fuzz(address: &str, headers: &[&str]) {
    let base = format!("http://{address}/api/v1");
    let modules = modules();
    let mut fuzzer = Command::new(modules.join("bin/schemathesis"));
    fuzzer.env("PYTHONPATH", &modules).current_dir(&modules);
    fuzzer.args([
        "run",
        &format!("{base}/openapi.json"),
        "--url",
        &base,
        "--no-color",
    ]);
    // Events have no end. Who lacks the token is answered with 403: logging in would change nothing.
    fuzzer.args([
        "--exclude-path-regex",
        "events",
        "--exclude-checks",
        "missing_required_header",
    ]);
    fuzzer.args(["--max-examples", CASES, "--request-timeout", "60"]);
    for header in headers {
        fuzzer.args(["-H", header]);
    }
    let ended = fuzzer.output().expect("schemathesis is there");
    assert!(
        ended.status.success(),
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_fuzzer_gets_nothing_but_documented_answers() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source("create table item (id int primary key, body text)")
        .await;
    site.write("token", TOKEN);
    let console = ["serve", "--listen", "127.0.0.1:0", "--token-file", "token"];
    // Nothing to tell of at first: each answer is a refusal then.
    let mut serving = site.begin(&console[..3]);
    fuzz(&Client::of(&mut serving).await.address, &[]);
    serving.terminate();
    assert_eq!(serving.ended().await, 0, "{}", serving.log());

    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
        .await;
    let mut serving = site.begin(&console);
    let token = format!("Authorization: Bearer {TOKEN}");
    fuzz(&Client::of(&mut serving).await.address, &[&token]);
    assert!(serving.is_alive() && runner.is_alive(), "{}", serving.log());
}
