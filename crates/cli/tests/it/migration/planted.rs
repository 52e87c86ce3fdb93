//! What strangers have left on the target, or hold there: nothing of it is executed, and nobody waits for it.

use std::time::{Duration, Instant};

use tokio_postgres::Client;
use transhume_testkit::connection::connect;

use super::site::{Site, phase};

/// Every command that reads what the target remembers.
pub(super) const COMMANDS: &[&[&str]] = &[
    &["run", "--until-caught-up"],
    &["run", "--dry-run"],
    &["worker"],
    &["pause"],
    &["resume"],
    &["status"],
    &["watch", "--plain"],
    &["report"],
    &["review"],
    &["roles"],
    &["roles", "--apply"],
    &["table", "add", "entry", "--yes"],
    &["table", "reload", "entry", "--yes"],
    &["table", "suspend", "entry"],
    &["verify"],
    &["verify", "--repair"],
    &["cutover", "--check"],
    &["cutover", "--rehearse", "--yes", "--verified-within", "0s"],
    &["cutover", "--yes", "--verified-within", "0s"],
    &["fallback", "--check"],
    &["fallback", "--yes"],
    &["finish", "--yes"],
    &["abort", "--yes"],
];

const EVIL: &str = "create role evil login; grant create on database shop to evil";

/// As evil would restore it from a migration of his own: his schema, his tables, triggers that act in whatever session.
const PLANT: &str = "
    create function transhume.act() returns trigger language plpgsql as
        $$ begin execute 'alter role evil superuser'; return new; end $$;
    do $$
    declare
        name text;
    begin
        for name in select relname from pg_class where relnamespace = 'transhume'::regnamespace and relkind = 'r' loop
            execute format('create trigger act before insert or update on transhume.%I for each row execute function transhume.act()', name);
            execute format('alter table transhume.%I enable always trigger act', name);
        end loop;
    end $$;
";

/// Each with what takes it away again, and what is said of it.
const PLANTED: &[(&str, &str, &str)] = &[
    (
        "create trigger act before update on transhume.migration for each row execute function bad.act()",
        "drop trigger act on transhume.migration",
        "the trigger act on migration of evil",
    ),
    (
        "create rule act as on update to transhume.frontier do also notify act",
        "drop rule act on transhume.frontier",
        "the rule act on frontier",
    ),
    (
        "create policy act on transhume.command using (bad.text() = 'x')",
        "drop policy act on transhume.command",
        "the policy act on command",
    ),
    (
        "alter table transhume.history alter step set default bad.text()",
        "alter table transhume.history alter step drop default",
        "bad.text()",
    ),
    (
        "alter table transhume.history alter step set default query_to_xml('select bad.text()', true, true, '')::text",
        "alter table transhume.history alter step drop default",
        "the default of history.step is",
    ),
    (
        "alter table transhume.finding add constraint act check (bad.text() = code) not valid",
        "alter table transhume.finding drop constraint act",
        "the constraint act of finding",
    ),
    (
        "create index act on transhume.finding (lower(code))",
        "drop index transhume.act",
        "the index act",
    ),
    (
        "alter table transhume.finding add word bad.word",
        "alter table transhume.finding drop word",
        "type bad.word",
    ),
    (
        "create table bad.child () inherits (transhume.marker)",
        "drop table bad.child",
        "the inheritance of marker",
    ),
    (
        "create view transhume.act as select 1 as one",
        "drop view transhume.act",
        "the relation act of kind v",
    ),
    (
        "create function transhume.act() returns int language sql as 'select 1'",
        "drop function transhume.act()",
        "the function act of postgres",
    ),
    (
        "grant insert on transhume.deviation to evil",
        "revoke insert on transhume.deviation from evil",
        "rows of deviation may be written by evil",
    ),
    (
        "grant update (undo) on transhume.deviation to public",
        "revoke update (undo) on transhume.deviation from public",
        "columns of deviation may be written by public",
    ),
    (
        "grant create on schema transhume to evil",
        "revoke create on schema transhume from evil",
        "new objects in the schema transhume may be written by evil",
    ),
    (
        "alter table transhume.command owner to evil",
        "alter table transhume.command owner to postgres",
        "the table command belongs to evil",
    ),
];

const HAND_OVER: &str = "
    do $$
    declare
        name text;
    begin
        for name in select relname from pg_class where relnamespace = 'transhume'::regnamespace and relkind = 'r' loop
            execute format('alter table transhume.%I owner to evil', name);
        end loop;
    end $$;
    alter schema transhume owner to evil;
";

async fn migrated() -> Site {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(
        "create table entry (id int primary key); insert into entry select generate_series(1, 100)",
    )
    .await;
    site.succeed(&["run", "--until-caught-up"]);
    site
}

async fn ask<T: for<'row> tokio_postgres::types::FromSql<'row>>(client: &Client, question: &str) -> T {
    client
        .query_one(question, &[])
        .await
        .expect("the question is in order")
        .get(0)
}

#[track_caller]
fn are_refused(site: &Site, words: &[&str]) {
    for command in [&[&["assess"] as &[&str]], COMMANDS].concat() {
        let ended = site.call(command);
        let said = format!("{}{}", ended.output, ended.error);
        // Where it could not compare, it does not say that both sides differ.
        let refusal = if command[0] == "verify" { 2 } else { 1 };
        assert_eq!(ended.code, refusal, "{command:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{command:?} does not say {word:?}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_belongs_to_another_is_refused_before_a_row_is_read() {
    let site = migrated().await;
    let target = connect(&site.target_url).await.expect("the target answers");
    let statements = [EVIL, PLANT, HAND_OVER].join(";");
    target
        .batch_execute(&statements)
        .await
        .expect("it can be planted");
    let before: i64 = ask(&target, "select count(*) from transhume.history").await;

    are_refused(
        &site,
        &[
            "cannot be trusted",
            "evil",
            "the schema transhume belongs to",
            "hint: ",
        ],
    );

    // Who may give that role away, as the role itself before 15, makes the operator a member: nothing becomes the operator's by that.
    let grant = "create role friend login; grant evil to friend with admin option";
    target.batch_execute(grant).await.expect("a role can be given");
    let as_other = |role: &str| site.target_url.replace("//postgres@", &format!("//{role}@"));
    let friend = connect(&as_other("friend")).await.expect("a friend may connect");
    friend
        .batch_execute("grant evil to postgres")
        .await
        .expect("he may give it away");
    let evil = connect(&as_other("evil")).await.expect("evil may connect");
    evil.batch_execute(
        "drop function transhume.act() cascade; \
         update transhume.build set done_at = null, statements = '{alter role evil superuser}'",
    )
    .await
    .expect("schema and rows are his");
    let ended = site.call(&["run", "--until-caught-up"]);
    assert_eq!(ended.code, 1, "{}", ended.error);
    assert!(
        ended.error.contains("the schema transhume belongs to evil"),
        "{}",
        ended.error
    );

    assert!(!ask::<bool>(&target, "select rolsuper from pg_roles where rolname = 'evil'").await);
    assert_eq!(
        ask::<i64>(&target, "select count(*) from transhume.history").await,
        before
    );
    let traces = site.traces().await;
    assert_eq!(
        traces.len(),
        2,
        "slot and publication are as they were: {traces:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn code_and_rights_of_others_on_our_own_tables_are_refused() {
    let site = migrated().await;
    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(EVIL).await.expect("a role can be made");
    target
        .batch_execute(
            "create schema bad authorization evil; grant usage on schema bad to public;
             create function bad.act() returns trigger language plpgsql as $$ begin return new; end $$;
             create function bad.text() returns text language sql as $$ select 'x' $$;
             create domain bad.word as text check (value is null or bad.text() = 'x');
             alter function bad.act() owner to evil; alter function bad.text() owner to evil",
        )
        .await
        .expect("objects can be made");
    for (plant, remove, told) in PLANTED {
        target.batch_execute(plant).await.expect(plant);
        let ended = site.call(&["status"]);
        assert_eq!(ended.code, 1, "{plant}: {}{}", ended.output, ended.error);
        assert!(ended.error.contains(told), "{plant}: {}", ended.error);
        target.batch_execute(remove).await.expect(remove);
        let ended = site.call(&["status"]);
        assert_eq!(ended.code, 0, "{remove}: {}{}", ended.output, ended.error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn default_privileges_give_nobody_a_way_into_the_state() {
    let site = Site::empty(15, 15).await;
    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(EVIL).await.expect("a role can be made");
    target
        .batch_execute(
            "alter default privileges grant all on tables to evil, public;
             alter default privileges grant all on sequences to evil;
             alter default privileges grant all on schemas to evil",
        )
        .await
        .expect("privileges can be preset");
    site.execute_on_source("create table entry (id int primary key)")
        .await;
    site.succeed(&["run", "--until-caught-up"]);
    let may: bool = ask(
        &target,
        "select has_table_privilege('evil', 'transhume.deviation', 'select, insert, update') or \
         has_schema_privilege('evil', 'transhume', 'usage, create')",
    )
    .await;
    assert!(!may);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_row_says_is_undone_by_kind_and_name_or_not_at_all() {
    let site = migrated().await;
    let target = connect(&site.target_url).await.expect("the target answers");
    site.execute_on_source("create publication precious for table entry; create role evil login")
        .await;
    let forged = [
        r#"["alter role evil superuser"]"#,
        r#"[{"undo": "drop-publication", "name": "precious"}]"#,
        r#"[{"undo": "grant", "on": "table", "object": {"schema": "public", "name": "entry"}, "privileges":
             [{"right": "INSERT on entry to evil; alter role evil superuser; --"}], "grantee": "evil", "grantable": false}]"#,
    ];
    let former: String = ask(
        &target,
        "select undo::text from transhume.deviation where kind = 'publication'",
    )
    .await;
    for undo in forged {
        let forge = "update transhume.deviation set undo = $1::text::jsonb where kind = 'publication'";
        target
            .execute(forge, &[&undo])
            .await
            .expect("a row can be written");
        let ended = site.call(&["abort", "--yes"]);
        assert_ne!(ended.code, 0, "{undo}: {}{}", ended.output, ended.error);
        let source = connect(&site.source_url).await.expect("the source answers");
        let harmed: bool = ask(
            &source,
            "select rolsuper or not exists (select from pg_publication where pubname = 'precious') \
             or has_table_privilege('evil', 'entry', 'insert') from pg_roles where rolname = 'evil'",
        )
        .await;
        assert!(!harmed, "{undo}");
    }
    let mend = "update transhume.deviation set undo = $1::text::jsonb where kind = 'publication'";
    target
        .execute(mend, &[&former])
        .await
        .expect("a row can be written");
    site.succeed(&["abort", "--yes"]);
    assert_eq!(site.traces().await, ["precious"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_a_stranger_takes_holds_up_nobody() {
    let site = migrated().await;
    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(EVIL).await.expect("a role can be made");
    let mut runner = site.begin(&["run"]);
    let process = runner.process();
    let status = site
        .wait_for(&mut runner, "a runner", |status| {
            phase(status) == "follow" && status["runner"]["pid"] == process
        })
        .await;
    let backend = &status["runner"]["backend_pid"];
    let application: String = ask(
        &target,
        &format!("select application_name from pg_stat_activity where pid = {backend}"),
    )
    .await;
    assert!(application.starts_with("transhume:"), "{application}");
    assert_eq!(status["runner"]["application"], application.as_str());

    // All that a stranger can see of it, he waits for, and gets when it is gone.
    let keys: Vec<i64> = target
        .query(
            "select classid::bigint << 32 | objid::bigint from pg_locks where locktype = 'advisory' and objsubid = 1",
            &[],
        )
        .await
        .expect("locks can be seen")
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(!keys.is_empty());
    let evil_url = site.target_url.replace("//postgres@", "//evil@");
    let mut waiting = Vec::new();
    for key in keys {
        let evil = connect(&evil_url).await.expect("evil may connect");
        waiting.push(tokio::spawn(async move {
            evil.execute("select pg_advisory_lock($1)", &[&key])
                .await
                .expect("anybody may lock");
            evil
        }));
    }
    runner.kill();
    let mut held = Vec::new();
    for waiting in waiting {
        held.push(waiting.await.expect("the lock comes free"));
    }

    let began = Instant::now();
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["verify"]);
    assert_eq!(site.call(&["cutover", "--check"]).code, 0);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let evil = held.pop().expect("one has it");
    let stolen = evil
        .execute("update transhume.holder set backend_pid = pg_backend_pid()", &[])
        .await;
    assert!(stolen.is_err(), "nobody else may say that he holds it");
}
