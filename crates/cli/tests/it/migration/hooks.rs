//! Hooks as an operator has them: commands and web addresses, what they are told and what they are not, and what their
//! refusal or silence does.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use transhume_testkit::{Pair, connection::connect};

use super::site::{Ended, Site, phase};
use crate::sink::Listener;

/// A hook's time-out in these tests; a refusal is seen long before.
const TIMEOUT: &str = "1500ms";

/// Generous: a debug build on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

const PASSWORD: &str = "never-to-be-seen";

/// What the guide promises.
const VARIABLES: [&str; 10] = [
    "TRANSHUME_MOMENT",
    "TRANSHUME_MIGRATION",
    "TRANSHUME_SOURCE_HOST",
    "TRANSHUME_SOURCE_PORT",
    "TRANSHUME_SOURCE_DATABASE",
    "TRANSHUME_TARGET_HOST",
    "TRANSHUME_TARGET_PORT",
    "TRANSHUME_TARGET_DATABASE",
    "TRANSHUME_FENCE_LSN",
    "TRANSHUME_REHEARSAL",
];

async fn following() -> Site {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source("create table entry (id int primary key); insert into entry values (1)")
        .await;
    // The servers trust everybody; whether the password gets out is what is asked here.
    let pair: &mut Pair = &mut site;
    for url in [&mut pair.source_url, &mut pair.target_url] {
        *url = url.replacen("postgres@", &format!("postgres:{PASSWORD}@"), 1);
    }
    site.succeed(&["run", "--until-caught-up"]);
    site
}

fn cutover(site: &Site, more: &[&str]) -> Ended {
    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--hook-timeout",
        TIMEOUT,
    ];
    site.call(&[&words[..], more].concat())
}

/// Undone: the application writes on the source as before, and can be moved by another try.
async fn is_as_before(site: &Site, ended: &Ended, says: &str) {
    assert_eq!(ended.code, 1, "{}", ended.error);
    assert!(ended.error.contains(says), "{}", ended.error);
    assert_eq!(site.status().as_ref().map(phase), Some("follow"));
    let source = connect(&site.source_url).await.expect("the source answers");
    source
        .batch_execute("insert into entry select max(id) + 1 from entry")
        .await
        .expect("the application writes");
}

fn wait_for(path: &Path) {
    let end = Instant::now() + DEADLINE;
    while !path.exists() {
        assert!(Instant::now() < end, "no {}", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An address that refuses undoes it, and the moment "undone" is told.
async fn a_refusal_undoes(site: &Site, listener: &Listener) {
    let (no, yes) = (listener.url("no"), listener.url("yes"));
    let ended = cutover(site, &["--hook-fenced", &no, "--hook-undone", &yes]);
    is_as_before(
        site,
        &ended,
        "the hook for the moment fenced failed: http status: 409",
    )
    .await;
    let heard = listener.heard();
    let moments: Vec<_> = heard
        .iter()
        .map(|request| request.body["moment"].clone())
        .collect();
    assert_eq!(moments, ["fenced", "undone"], "{heard:#?}");
    let told = &heard[0];
    assert!(
        told.head.starts_with("post /no") && told.head.contains("application/json"),
        "{told:#?}"
    );
    assert_eq!(told.body["source"]["port"], site.source.port(), "{told:#?}");
    assert_eq!(told.body["target"]["database"], "shop", "{told:#?}");
    assert_eq!(told.body["rehearsal"], false, "{told:#?}");
    assert!(
        told.body["fence_lsn"]
            .as_str()
            .is_some_and(|lsn| lsn.contains('/')),
        "{told:#?}"
    );
}

/// One that does not answer in time, and a command that does not end: all that it has started ends with it.
async fn silence_undoes(site: &Site, listener: &Listener, (begun, goes_on): (&Path, &Path)) {
    let silence = listener.url("silence");
    let ended = cutover(site, &["--hook-drained", &silence]);
    is_as_before(site, &ended, "the hook for the moment drained failed: timeout").await;

    let hook = format!(
        "(touch {}; sleep 4; touch {}) & wait",
        begun.display(),
        goes_on.display()
    );
    let ended = cutover(site, &["--hook-before-fence", &hook]);
    is_as_before(site, &ended, "it did not end within 1500 ms").await;
    assert!(begun.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_are_told_all_but_secrets_and_each_may_refuse_until_the_target_opens() {
    let site = following().await;
    let listener = Listener::start();
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name);
    a_refusal_undoes(&site, &listener).await;
    let goes_on = file("goes-on");
    silence_undoes(&site, &listener, (&file("begun"), &goes_on)).await;
    let (no, yes) = (listener.url("no"), listener.url("yes"));

    // Both kinds at once, to the end; a refusal once the target is open is a finding.
    let environment = file("environment");
    let tells = format!(
        "env > {0}.new; cat >> {0}.new; mv {0}.new {0}",
        environment.display()
    );
    let more = [
        "--hook-before-fence",
        &yes,
        "--hook-drained",
        &tells,
        "--hook-opened",
        &no,
        "--json",
    ];
    let ended = cutover(&site, &more);
    assert_eq!(ended.code, 0, "{}", ended.error);
    let report: Value = serde_json::from_str(&ended.output).expect("a report");
    assert_eq!(report["findings"][0]["code"], "hook-failed", "{report:#}");
    wait_for(&environment);
    let said = std::fs::read_to_string(&environment).expect("it was told");
    for name in VARIABLES {
        assert!(said.contains(&format!("{name}=")), "{name}: {said}");
    }
    for (name, value) in [
        ("MOMENT", "drained"),
        ("REHEARSAL", "no"),
        ("TARGET_DATABASE", "shop"),
    ] {
        assert!(said.contains(&format!("TRANSHUME_{name}={value}\n")), "{said}");
    }
    assert!(said.contains("\"moment\":\"drained\""), "{said}");
    let heard = format!("{said}{:?}{}{}", listener.heard(), ended.output, ended.error);
    assert!(
        heard.contains("before-fence") && heard.contains("opened"),
        "{heard}"
    );
    assert!(
        !heard.contains(PASSWORD) && !said.contains("TRANSHUME_SOURCE="),
        "{heard}"
    );
    // Long after it was given up.
    assert!(!goes_on.exists());
}
