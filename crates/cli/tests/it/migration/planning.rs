//! `run --dry-run`: the plan before a migration and in the midst of one, with nothing written.

use serde_json::Value;
use transhume_testkit::connection::connect;

use super::site::{Site, phase};

/// Everything that a run could leave on either side.
async fn all_traces(site: &Site) -> (Vec<String>, Vec<String>) {
    let target = connect(&site.target_url).await.expect("the target answers");
    let rows = target
        .query(
            "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1",
            &[],
        )
        .await
        .expect("the catalogs can be read");
    (site.traces().await, rows.iter().map(|row| row.get(0)).collect())
}

fn plan(site: &Site, code: i32) -> Value {
    let ended = site.call(&["run", "--dry-run", "--json"]);
    assert_eq!(ended.code, code, "{}{}", ended.output, ended.error);
    serde_json::from_str(&ended.output).expect("a plan in JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_what_is_then_done_and_writes_nothing() {
    let site = Site::with_torture(15, 15).await;
    let before = all_traces(&site).await;

    let planned = plan(&site, 0);
    let text = site.succeed(&["run", "--dry-run"]).output;
    assert_eq!(all_traces(&site).await, before);
    assert!(
        planned["resuming"].is_null() && planned["slot"].is_null(),
        "{planned:#}"
    );
    for part in ["full-load", "replica identity of", "Nothing was changed"] {
        assert!(text.contains(part), "wanted {part:?} in:\n{text}");
    }

    site.succeed(&["run", "--until-caught-up"]);
    let under_way = plan(&site, 0);
    assert_eq!(under_way["resuming"]["phase"], "follow", "{under_way:#}");
    assert!(under_way["assessment"].is_null());
    // Parts depend on sizes at the time; tables, formats and what is left out do not.
    let tables = |plan: &Value| -> Vec<(Value, Value)> {
        let all = plan["tables"].as_array().expect("a list");
        let mut pairs: Vec<_> = all
            .iter()
            .map(|table| (table["table"].clone(), table["format"].clone()))
            .collect();
        pairs.sort_by_key(|pair| pair.0.to_string());
        pairs
    };
    assert_eq!(tables(&planned), tables(&under_way));
    assert_eq!(planned["left_out"], under_way["left_out"]);
    let text = site.succeed(&["run", "--dry-run"]).output;
    assert!(text.contains("go on with migration"), "{text}");
    assert_eq!(site.status().as_ref().map(phase), Some("follow"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_blockers_names_them_and_exits_with_1() {
    let site = Site::empty(15, 15).await;
    for url in [&site.source_url, &site.target_url] {
        let client = connect(url).await.expect("the server answers");
        client
            .batch_execute("create table precious (id int primary key)")
            .await
            .expect("a table can be made");
    }

    let planned = plan(&site, 1);
    assert!(planned.to_string().contains("precious"), "{planned:#}");
    let ended = site.call(&["run", "--dry-run"]);
    assert!(ended.output.contains("remedy the blockers"), "{}", ended.output);
}
