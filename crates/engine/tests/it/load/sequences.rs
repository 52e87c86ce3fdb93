//! Sequences go on where the source's are.

use transhume_core::selection::Selection;
use transhume_engine::load::copy_sequences;
use transhume_testkit::server::EVERYDAY_MAJOR;

use super::loading::Loading;
use crate::migration::ID;

#[tokio::test(flavor = "multi_thread")]
async fn sequences_of_every_kind_get_the_source_s_value() {
    let loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    loading
        .on_both(
            "CREATE SEQUENCE \"of \"\"Ids\";
         CREATE SEQUENCE down INCREMENT -2 MINVALUE -10 MAXVALUE 100 START 100;
         CREATE SEQUENCE never START 42;
         CREATE SEQUENCE set_but_never;
         CREATE SEQUENCE tiny AS smallint MAXVALUE 5 CYCLE;
         CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY);",
        )
        .await;
    let source_client = loading.on_source().await;
    source_client
        .batch_execute(
            "SELECT nextval('\"of \"\"Ids\"'), nextval('\"of \"\"Ids\"'), nextval('down'), nextval('tiny');
             SELECT setval('set_but_never', 9, false);
             INSERT INTO items DEFAULT VALUES;
             CREATE SEQUENCE only_here;",
        )
        .await
        .unwrap();
    let source = loading.endpoints.source_session(ID, "test").await.unwrap();
    let target = loading.endpoints.target_session(ID, "test").await.unwrap();
    let selector = Selection::default().selector().unwrap();

    let set = copy_sequences(&source, &target, &selector, 0).await.unwrap();
    assert_eq!((set.set, set.missing.len(), set.unreadable.len()), (6, 1, 0));
    let next = async |name: &str| loading.count(&format!("SELECT nextval('{name}')")).await;
    assert_eq!(next("\"of \"\"Ids\"").await, 3);
    assert_eq!(next("down").await, 98);
    assert_eq!(next("never").await, 42);
    assert_eq!(next("set_but_never").await, 9);
    assert_eq!(next("items_id_seq").await, 2);

    copy_sequences(&source, &target, &selector, 100).await.unwrap();
    assert_eq!(next("\"of \"\"Ids\"").await, 103);
    assert_eq!(next("tiny").await, 2, "so near its end it gets no margin");
    let down = loading.count("SELECT last_value FROM down").await;
    assert_eq!(down, 100, "so near its end it stands as on the source");
}
