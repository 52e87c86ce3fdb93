//! Several databases of one file.

use serde_json::Value;
use transhume_testkit::connection::connect;

use super::site::{DATABASE, Site, phase};

const FILE: &str = "\
[[database]]
name = \"shop\"

[[database]]
name = \"bills\"
exclude = [\"public.draft\"]
";

async fn two_databases() -> Site {
    let site = Site::empty(15, 15).await;
    for url in [&site.source_url, &site.target_url] {
        let client = connect(url).await.expect("the server answers");
        client
            .batch_execute("create database bills")
            .await
            .expect("a database can be created");
    }
    site.execute_on_source(
        "create table orders (id integer primary key); insert into orders values (1), (2)",
    )
    .await;
    let bills = connect(&site.source.url("bills"))
        .await
        .expect("the source answers");
    bills
        .batch_execute(
            "create table bill (id integer primary key); insert into bill values (7);
             create table draft (id integer primary key)",
        )
        .await
        .expect("tables can be created");
    site.write("transhume.toml", FILE);
    site
}

fn json(output: &str) -> Value {
    serde_json::from_str(output).unwrap_or_else(|error| panic!("{error}: {output}"))
}

#[tokio::test]
async fn several_databases_are_moved_by_one_file() {
    let site = two_databases().await;

    let run = site.succeed(&["run", "--until-caught-up", "--json"]);
    let ends = json(&run.output);
    assert_eq!(ends["shop"]["reason"], "caught-up");
    assert_eq!(ends["bills"]["reason"], "caught-up");
    // What each says on the way is told with its name.
    assert!(run.error.contains("shop: phase full-load"), "{}", run.error);
    assert!(run.error.contains("bills: phase full-load"), "{}", run.error);

    let status = json(&site.succeed(&["status", "--json"]).output);
    assert_eq!(phase(&status["shop"]), "follow");
    assert_eq!(status["bills"]["load"]["tables"], 1);
    let text = site.succeed(&["status"]).output;
    let places = ["== shop ==", "== bills =="].map(|heading| text.find(heading));
    assert!(places[0].is_some() && places[0] < places[1], "{text}");

    // One of them.
    let one = json(&site.succeed(&["status", "--database", "bills", "--json"]).output);
    assert_eq!(phase(&one), "follow");
    site.succeed(&["verify", "--database", DATABASE]);

    // One that cannot be done does not keep the others from it, and decides the exit code.
    let bills = connect(&site.target.url("bills"))
        .await
        .expect("the target answers");
    bills
        .execute("insert into bill values (8)", &[])
        .await
        .expect("a row can be planted");
    let verify = site.call(&["verify", "--json"]);
    assert_eq!(verify.code, 1, "{}\n{}", verify.output, verify.error);
    let verifications = json(&verify.output);
    assert_eq!(verifications["shop"]["equal"], true);
    assert_eq!(verifications["bills"]["equal"], false);

    site.succeed(&["abort", "--yes"]);
    assert_eq!(site.call(&["status"]).code, 1);
}

#[tokio::test]
async fn a_database_that_the_file_does_not_have_is_refused_with_those_that_it_has() {
    let site = Site::empty(15, 15).await;
    site.write("transhume.toml", FILE);
    let ended = site.call(&["status", "--database", "bill"]);
    assert_eq!(ended.code, 2, "{}", ended.error);
    assert!(
        ended
            .error
            .contains("the configuration has no database \"bill\"\nhint: it has shop, bills"),
        "{}",
        ended.error
    );
    let ended = site.call(&["table", "reload", "public.orders"]);
    assert_eq!(ended.code, 2, "{}", ended.error);
    assert!(ended.error.contains("--database"), "{}", ended.error);
}

const CUTOVER: [&str; 6] = [
    "cutover",
    "--yes",
    "--json",
    "--override=verification,long-transactions",
    "--attempts=2",
    "--lock-timeout=100ms",
];

fn phases(site: &Site) -> (String, String) {
    let status = json(&site.succeed(&["status", "--json"]).output);
    (
        phase(&status["shop"]).to_owned(),
        phase(&status["bills"]).to_owned(),
    )
}

#[tokio::test]
async fn several_databases_move_together_or_not_at_all() {
    let site = two_databases().await;
    site.succeed(&["run", "--until-caught-up"]);

    // One that cannot be fenced keeps the other from moving, and both sources stay open.
    let writer = connect(&site.source.url("bills"))
        .await
        .expect("the source answers");
    writer
        .batch_execute("begin; insert into bill values (8)")
        .await
        .expect("a writer");
    let refused = site.call(&CUTOVER);
    assert_eq!(refused.code, 1, "{}\n{}", refused.output, refused.error);
    assert!(
        refused
            .error
            .contains("shop: error: not moved, since the databases move together"),
        "{}",
        refused.error
    );
    assert_eq!(phases(&site), ("follow".to_owned(), "follow".to_owned()));
    site.execute_on_source("insert into orders values (3)").await;
    writer.batch_execute("commit").await.expect("the writer goes on");

    // One that does not open once all have decided is not left behind: the next cutover goes on with it.
    let target = connect(&site.target.url("bills"))
        .await
        .expect("the target answers");
    target
        .batch_execute("alter table transhume.migration add constraint never check (phase <> 'done')")
        .await
        .expect("a constraint can be planted");
    let half = site.call(&CUTOVER);
    assert_eq!(half.code, 1, "{}\n{}", half.output, half.error);
    assert!(
        half.error
            .contains("bills: error: the target could not be opened"),
        "{}",
        half.error
    );
    assert_eq!(phases(&site), ("done".to_owned(), "opening".to_owned()));
    let run = site.call(&["run", "--database", "bills"]);
    assert_eq!(run.code, 1, "{}", run.error);
    assert!(
        run.error.contains("this one is not open, others may be"),
        "{}",
        run.error
    );
    target
        .batch_execute("alter table transhume.migration drop constraint never")
        .await
        .expect("the trigger can be dropped");

    let rest = site.succeed(&CUTOVER);
    assert!(rest.error.contains("shop: it was moved before"), "{}", rest.error);
    assert_eq!(phases(&site), ("done".to_owned(), "done".to_owned()));
    let moved = target
        .query_one("select count(*) from bill", &[])
        .await
        .expect("the rows can be read");
    assert_eq!(moved.get::<_, i64>(0), 2);
    site.succeed(&["finish", "--yes"]);
    assert!(site.traces().await.is_empty());
}

/// The way of the guide: the file is written, roles come once, and the databases cut over one by one or together.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_instance_moves_by_the_file_that_init_writes() {
    let site = two_databases().await;
    site.execute_on_source("create database closed").await;
    site.execute_on_source(
        "create role mover login superuser; create role reader; grant select on orders to reader",
    )
    .await;
    let wrote = site.succeed(&["init", "all.toml", "--all-databases"]);
    assert!(
        wrote.error.contains("wrote all.toml with 2 databases"),
        "{}",
        wrote.error
    );
    for left in ["left out closed: 0 relations", "left out postgres: 0 relations"] {
        assert!(wrote.error.contains(left), "{}", wrote.error);
    }

    let roles = json(
        &site
            .succeed(&["roles", "--apply", "--json", "--config", "all.toml"])
            .output,
    );
    assert_eq!(roles["shop"]["applied"], true);
    site.succeed(&["run", "--until-caught-up", "--config", "all.toml"]);
    site.succeed(&["verify", "--config", "all.toml"]);
    site.succeed(&["cutover", "--database", "bills", "--yes", "--config", "all.toml"]);
    let status = json(&site.succeed(&["status", "--json", "--config", "all.toml"]).output);
    assert_eq!(
        (phase(&status["bills"]), phase(&status["shop"])),
        ("done", "follow")
    );
    site.succeed(&["cutover", "--database", DATABASE, "--yes", "--config", "all.toml"]);
    site.succeed(&["finish", "--yes", "--config", "all.toml"]);
}
