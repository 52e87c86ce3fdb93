//! Holds what the program prints to the committed schemas: every call of a test that asks for JSON is looked at.

use std::{collections::HashMap, fs, path::Path, sync::LazyLock};

use serde_json::Value;
use transhume_testkit::schema::Schema;

static SCHEMAS: LazyLock<HashMap<String, Schema>> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/schema");
    let entries = fs::read_dir(directory).expect("the schemas are there");
    let schema = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let (name, version) = name.rsplit_once('.').expect("a name and a version");
        (version == "v1").then(|| (name.to_owned(), Schema::read(&path)))
    };
    entries.filter_map(schema).collect()
});

/// The schema of what these arguments print, where they ask for JSON.
fn printed_by(arguments: &[&str]) -> Option<&'static str> {
    let has = |word: &str| arguments.contains(&word);
    if !has("--json") {
        return None;
    }
    Some(match *arguments.first()? {
        "status" if has("--tables") => "tables",
        "status" | "watch" => "status",
        "assess" => "assess",
        "roles" => "roles",
        "run" if has("--dry-run") => "plan",
        "run" => "run",
        "pause" | "resume" => "pausing",
        "table" => "standing",
        "verify" => "verify",
        "report" => "report",
        "cutover" | "fallback" if has("--check") => "checks",
        "cutover" | "fallback" => "cutover",
        "review" => "review",
        "finish" | "abort" => "removal",
        "demo" => "demo",
        "config" => "config-check",
        "notify" => "notify-test",
        other => panic!("which schema has {other} --json? tell it in {}", file!()),
    })
}

/// Panics where a document is not as its schema says.
#[track_caller]
pub(crate) fn hold(name: &str, document: &Value) {
    let schema = SCHEMAS.get(name);
    let schema = schema.unwrap_or_else(|| panic!("there is no schema {name}"));
    let faults = schema.faults(document);
    assert!(
        faults.is_empty(),
        "{name} is not as its schema says: {}\n{document:#}",
        faults.join("\n")
    );
}

/// The same of what a call printed: one document, or one for each database by its name.
#[track_caller]
pub(crate) fn hold_printed(arguments: &[&str], output: &str) {
    if output.is_empty() {
        return;
    }
    let Some(name) = printed_by(arguments) else {
        return;
    };
    // Continuous ones print several; what failed prints none.
    for document in serde_json::Deserializer::from_str(output).into_iter::<Value>() {
        let document = document.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output}"));
        let members = document.as_object().expect("a document is an object");
        if members.contains_key("version") {
            hold(name, &document);
        } else {
            members.values().for_each(|document| hold(name, document));
        }
    }
}

#[test]
fn a_document_that_lacks_a_key_or_has_another_type_is_noticed() {
    let good = serde_json::json!({ "version": 1, "paused": true, "changed": false });
    hold("pausing", &good);
    for (key, value) in [("paused", Value::Null), ("changed", "no".into())] {
        let mut bad = good.clone();
        bad[key] = value;
        assert!(!SCHEMAS["pausing"].faults(&bad).is_empty(), "{bad}");
    }
    assert!(
        !SCHEMAS["pausing"]
            .faults(&serde_json::json!({ "version": 1, "paused": true }))
            .is_empty()
    );
}
