//! `abort`: both sides are as before, nothing that others made is touched, and one can begin anew.

use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
};

use super::site::Site;

/// Everything outside of the system's schemas on the target, and its extensions.
async fn objects(site: &Site) -> Vec<String> {
    let target = connect(&site.target_url).await.expect("the target answers");
    let rows = target
        .query(
            "select 'schema ' || nspname from pg_namespace where nspname !~ '^pg_' \
             union all select 'relation ' || oid::regclass from pg_class where relnamespace::regnamespace::text !~ \
             '^(pg_|information_schema)' \
             union all select 'type ' || oid::regtype from pg_type where typnamespace::regnamespace::text !~ \
             '^(pg_|information_schema)' \
             union all select 'function ' || oid::regprocedure from pg_proc where pronamespace::regnamespace::text !~ \
             '^(pg_|information_schema)' \
             union all select 'extension ' || extname from pg_extension order by 1",
            &[],
        )
        .await
        .expect("the catalogs can be read");
    rows.iter().map(|row| row.get(0)).collect()
}

async fn on_target(site: &Site, sql: &str) {
    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(sql).await.expect("the target does it");
}

async fn aborted_and_begun_anew(source: u32, target: u32) {
    let site = Site::with_torture(source, target).await;
    let (traces, made) = (site.traces().await, objects(&site).await);
    site.succeed(&["run", "--until-caught-up"]);
    assert!(
        site.traces()
            .await
            .iter()
            .any(|name| name.starts_with("transhume_"))
    );

    site.succeed(&["abort", "--yes"]);
    assert_eq!(site.traces().await, traces);
    assert_eq!(objects(&site).await, made);
    assert_eq!(site.status(), None, "the state schema is gone");

    site.succeed(&["run", "--until-caught-up"]);
    // Sequences stand still between the load and the cutover.
    let except = Except {
        kinds: vec!["sequence".to_owned()],
        ..Except::default()
    };
    oracle::assert_equal_except(&site.source_url, &site.target_url, &except).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_abort_both_sides_are_as_before_and_a_new_run_works() {
    aborted_and_begun_anew(15, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_between_versions_leaves_nothing_either() {
    aborted_and_begun_anew(15, 18).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_never_takes_what_others_made() {
    let site = Site::with_torture(15, 15).await;
    on_target(
        &site,
        "create schema torture; create extension hstore schema torture",
    )
    .await;
    let made = objects(&site).await;
    site.succeed(&["run", "--until-caught-up"]);
    let schema = "create view public.theirs as select count(*) from torture.accounts";
    on_target(&site, schema).await;
    let before = objects(&site).await;

    let refused = site.call(&["abort", "--yes"]);
    assert_eq!(refused.code, 1, "{}{}", refused.output, refused.error);
    assert!(
        refused.error.contains("theirs") && refused.error.contains("--keep-target"),
        "{}",
        refused.error
    );
    assert_eq!(objects(&site).await, before, "all or nothing is removed");
    assert!(site.status().is_some(), "the migration is still there");
    site.succeed(&["run", "--until-caught-up"]);

    on_target(&site, "drop view public.theirs").await;
    site.succeed(&["abort", "--yes"]);
    assert_eq!(
        objects(&site).await,
        made,
        "schema and extension were there before"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_can_leave_what_was_copied() {
    let site = Site::with_torture(15, 15).await;
    let traces = site.traces().await;
    site.succeed(&["run", "--until-caught-up"]);

    site.succeed(&["abort", "--yes", "--keep-target"]);
    assert_eq!(site.traces().await, traces);
    assert_eq!(site.status(), None, "the state schema is gone");
    assert!(
        objects(&site)
            .await
            .contains(&"relation torture.accounts".to_owned())
    );
}
