//! What remedies give to run: a server reads each statement, and finds nothing to object to in how it is written.

use transhume_testkit::{
    connection::connect,
    server::{self, EVERYDAY_MAJOR},
};

/// Written and held by a test of `core`, which has every finding of an assessment.
const TO_RUN: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../core/src/assess/platform/golden/to-run.jsonl"
));

/// How commands and options begin; all else is a statement.
const NOT_SQL: [&str; 10] = [
    "transhume ",
    "az ",
    "aws ",
    "gcloud ",
    "supabase ",
    "avn ",
    "doctl ",
    "apt-get ",
    "--leave-out ",
    "--exclude ",
];

/// What psql does with the statement before it.
const OF_PSQL: &str = "\\gexec";

/// It is raised while the first of several statements is run, and all of them were read by then.
const FAILS_FIRST: &str = "select 1 / 0; ";

#[tokio::test]
async fn what_stands_as_a_statement_is_one() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let client = connect(&cluster.url("postgres")).await.unwrap();
    let mut statements = 0;
    for line in TO_RUN.lines() {
        let piece: String = serde_json::from_str(line).unwrap();
        if NOT_SQL.iter().any(|start| piece.starts_with(start)) {
            continue;
        }
        let error = client
            .batch_execute(&format!("{FAILS_FIRST}{}", piece.trim_end_matches(OF_PSQL)))
            .await
            .unwrap_err();
        let state = error.code().map(|state| state.code().to_owned());
        assert_eq!(state.as_deref(), Some("22012"), "{piece}: {error:?}");
        statements += 1;
    }
    assert!(statements > 20, "{statements}");
}
