//! A cutover that does not come to its end leaves both servers as they were, and following goes on.

use transhume_testkit::connection::connect;

use super::{
    fallback::fingerprint,
    site::{Site, phase},
};

const TABLE: &str = "
    create role writer;
    create table account (id int primary key, balance int not null);
    grant select, insert, update on account to writer;
    insert into account select n, 0 from generate_series(1, 100) n;
";

const RIGHTS: &str = "select coalesce(relacl::text, '') || (select coalesce(string_agg(setconfig::text, ','), '') from pg_db_role_setting) \
                      from pg_class where relname = 'account'";

async fn following() -> Site {
    let site = Site::empty(15, 15).await;
    let source = connect(&site.source_url).await.expect("the source answers");
    source.batch_execute(TABLE).await.expect("a table can be made");
    site.succeed(&["run", "--until-caught-up"]);
    site
}

async fn rights(site: &Site) -> String {
    let source = connect(&site.source_url).await.expect("the source answers");
    let row = source
        .query_one(RIGHTS, &[])
        .await
        .expect("the catalogs can be read");
    row.get(0)
}

/// The application writes on the source as before, and the target follows.
async fn goes_on(site: &Site) {
    let source = connect(&site.source_url).await.expect("the source answers");
    source
        .batch_execute("set role writer; update account set balance = balance + 1")
        .await
        .expect("the application may write");
    site.succeed(&["run", "--until-caught-up"]);
    assert_eq!(
        site.target_names("select sum(balance)::text from account").await,
        ["100"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_does_not_end_makes_the_cutover_give_up_without_a_trace() {
    let site = following().await;
    let before = rights(&site).await;
    let writer = connect(&site.source_url).await.expect("the source answers");
    writer
        .batch_execute("begin; update account set balance = balance where id = 1")
        .await
        .expect("a transaction can be open");

    let ended = site.call(&[
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--attempts",
        "2",
        "--lock-timeout",
        "100ms",
    ]);

    assert_ne!(ended.code, 0, "{}{}", ended.output, ended.error);
    assert!(ended.error.contains("lock"), "{}", ended.error);
    assert_eq!(site.status().as_ref().map(phase), Some("follow"));
    writer.batch_execute("rollback").await.expect("it was not ended");
    assert_eq!(rights(&site).await, before);
    goes_on(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutover_that_is_killed_is_undone_by_the_runner() {
    let site = following().await;
    let before = rights(&site).await;
    let writer = connect(&site.source_url).await.expect("the source answers");
    writer
        .batch_execute("begin; update account set balance = balance where id = 1")
        .await
        .expect("a transaction can be open");
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    let mut cutover = site.begin(&[
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--attempts",
        "1000",
        "--lock-timeout",
        "100ms",
    ]);
    site.wait_for(&mut cutover, "cutover", |status| phase(status) == "cutover")
        .await;

    cutover.kill();

    site.wait_for(&mut runner, "follow again", |status| phase(status) == "follow")
        .await;
    runner.kill();
    writer.batch_execute("rollback").await.expect("it was not ended");
    assert_eq!(rights(&site).await, before);
    for url in [&site.source_url, &site.target_url] {
        let left = fingerprint(url).await;
        let of_way_back = |line: &&String| line.contains("_reverse");
        assert_eq!(left.iter().find(of_way_back), None, "{left:#?}");
    }
    assert!(
        !fingerprint(&site.source_url)
            .await
            .contains(&"schema transhume".to_owned())
    );
    goes_on(&site).await;
}
