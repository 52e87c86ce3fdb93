//! Large objects are in no stream: the cutover makes both sides equal, writers or none.

use transhume_testkit::connection::connect;

use super::site::Site;

const ALL: &str = "SELECT coalesce(string_agg(format('%s %s %s', m.oid, m.lomowner::regrole, md5(lo_get(m.oid))), ' ' ORDER BY m.oid), '')
                   FROM pg_largeobject_metadata m";

async fn all(url: &str) -> String {
    connect(url)
        .await
        .expect("the server answers")
        .query_one(ALL, &[])
        .await
        .expect("the server answers")
        .get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutover_carries_over_large_objects_as_they_are_when_the_last_writer_is_gone() {
    let site = Site::empty(15, 15).await;
    for url in [&site.source_url, &site.target_url] {
        connect(url)
            .await
            .unwrap()
            .batch_execute("CREATE ROLE ann")
            .await
            .unwrap();
    }
    let source = connect(&site.source_url).await.unwrap();
    source
        .batch_execute(
            "CREATE TABLE documents (id int PRIMARY KEY, content oid);
             INSERT INTO documents SELECT g, lo_from_bytea(0, convert_to(g::text, 'UTF8')) FROM generate_series(1, 300) g;",
        )
        .await
        .unwrap();
    site.succeed(&["run", "--until-caught-up"]);
    assert_eq!(all(&site.target_url).await, all(&site.source_url).await);

    source
        .batch_execute(
            "SELECT lo_unlink(content) FROM documents WHERE id <= 3;
             SELECT lo_put(content, 0, 'changed') FROM documents WHERE id BETWEEN 10 AND 20;
             SELECT lo_from_bytea(77, 'new');
             ALTER LARGE OBJECT 77 OWNER TO ann;",
        )
        .await
        .unwrap();
    // Writes until the cutover ends its session; makes only some new ones, since very many would be more
    // than a cutover reads within its pause.
    let writer = tokio::spawn(async move {
        for number in 0.. {
            let statement = if number < 100 {
                "SELECT lo_from_bytea(0, 'one more')"
            } else {
                "SELECT lo_put(content, 0, convert_to(random()::text, 'UTF8')) FROM documents WHERE id = 100"
            };
            if source.batch_execute(statement).await.is_err() {
                break;
            }
        }
    });
    let cutover = site.succeed(&["cutover", "--yes", "--json", "--override", "verification"]);
    writer.await.unwrap();
    let report: serde_json::Value = serde_json::from_str(&cutover.output).unwrap();
    assert!(
        report["large_objects_changed"].as_u64().unwrap() > 0,
        "{report:#}"
    );
    assert_eq!(all(&site.target_url).await, all(&site.source_url).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_migration_takes_its_large_objects_along() {
    let site = Site::empty(15, 15).await;
    let source = connect(&site.source_url).await.unwrap();
    source
        .batch_execute("CREATE TABLE documents (content oid); SELECT lo_from_bytea(0, 'x') FROM generate_series(1, 1200)")
        .await
        .unwrap();
    site.succeed(&["run", "--until-caught-up"]);
    assert_eq!(all(&site.target_url).await, all(&site.source_url).await);
    site.succeed(&["abort", "--yes"]);
    assert_eq!(all(&site.target_url).await, "");
}
