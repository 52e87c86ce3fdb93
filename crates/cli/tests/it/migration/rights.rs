//! The rights that the README asks for are enough: no superuser on either side.

use transhume_demo::cluster::ClusterOptions;
use transhume_testkit::{
    Pair,
    connection::connect,
    oracle::{self, Except},
    server::server,
};

use super::site::{DATABASE, Site};

/// As in the README, for a database whose tables belong to `app_owner`.
const SOURCE_RIGHTS: &str = "
    create role app_owner nologin;
    create role transhume login replication;
    grant app_owner to transhume;
    grant create on database shop to transhume;
    grant pg_signal_backend to transhume;
";

const TARGET_RIGHTS: &str = "
    create role app_owner nologin;
    create role transhume login replication;
    grant app_owner to transhume;
    alter database shop owner to transhume;
";

/// Neither triggers nor foreign keys act on what is applied.
const REPLICA_RIGHT: &str = "grant set on parameter session_replication_role to transhume";

/// What the application does on the target, keyless table, identity and cascade included.
const LATER_CHANGES: &str = "
    set role app_owner;
    insert into app.parent (name) values ('parent of the new side');
    insert into app.child (parent_id, note) select id, 'new' from app.parent where id <= 20;
    delete from app.parent where id between 30 and 40;
    update app.log set line = 'changed again' where line = 'changed';
    insert into app.log values ('new side'), ('new side');
    reset role;
";

pub(super) const TABLES: &str = "
    set role app_owner;
    create schema app;
    create table app.parent (id int generated always as identity primary key, name text);
    create table app.child (
        id bigserial primary key, parent_id int not null references app.parent on delete cascade, note text
    );
    create table app.log (line text);
    create function app.stamp() returns trigger language plpgsql as
        $$ begin new.note := coalesce(new.note, '') || ' stamped'; return new; end $$;
    create trigger stamp before insert on app.child for each row execute function app.stamp();
    insert into app.parent (name) select 'parent ' || n from generate_series(1, 1000) n;
    insert into app.child (parent_id, note) select 1 + n % 1000, 'child' from generate_series(1, 5000) n;
    insert into app.log select 'line' from generate_series(1, 100);
    reset role;
";

const CHANGES: &str = "
    set role app_owner;
    insert into app.parent (name) values ('late parent');
    insert into app.child (parent_id) select 1 + n from generate_series(1, 50) n;
    update app.parent set name = name || '!' where id <= 10;
    delete from app.parent where id > 990;
    update app.log set line = 'changed' where ctid = '(0,1)';
    reset role;
";

pub(super) async fn batch(url: &str, sql: &str) {
    let client = connect(url).await.expect("the server answers");
    client
        .batch_execute(sql)
        .await
        .expect("the statements are in order");
}

async fn moves_without_superuser(extra_rights: &str, cutover: &[&str]) -> Site {
    let mut site = Site::empty(15, 15).await;
    batch(&site.source_url, SOURCE_RIGHTS).await;
    batch(&site.source_url, "grant create on database shop to app_owner").await;
    batch(&site.source_url, TABLES).await;
    batch(&site.target_url, TARGET_RIGHTS).await;
    for url in [&site.source_url, &site.target_url] {
        batch(url, extra_rights).await;
    }
    let (source_admin, target_admin) = (site.source_url.clone(), site.target_url.clone());
    site.source_url = as_transhume(&site.source.url(DATABASE));
    site.target_url = as_transhume(&site.target.url(DATABASE));

    site.succeed(&["run", "--until-caught-up"]);
    batch(&source_admin, CHANGES).await;
    site.succeed(&["run", "--until-caught-up"]);
    let verified = site.call(&["verify"]);
    assert_eq!(verified.code, 0, "{}{}", verified.output, verified.error);
    if cutover.contains(&"--without-fallback") {
        let refused = site.call(&["cutover", "--yes"]);
        assert_eq!(refused.code, 1, "{}", refused.error);
        for words in ["foreign key of the source", "--without-fallback"] {
            assert!(refused.error.contains(words), "{}", refused.error);
        }
    }
    site.succeed(cutover);

    let except = Except {
        kinds: vec!["grants".to_owned(), "replica identity".to_owned()],
        ..Except::default()
    };
    oracle::assert_equal_except(&source_admin, &target_admin, &except).await;
    let written = connect(&source_admin)
        .await
        .expect("the source answers")
        .batch_execute(
            "begin read write; set local role app_owner; insert into app.log values ('late'); commit",
        )
        .await;
    assert!(written.is_err(), "the source is closed to its owner");
    site
}

/// Who may what is each side's own matter: from 15 on the schema public belongs to another role.
pub(super) fn but_for_rights() -> Except {
    Except {
        kinds: ["grants", "replica identity", "owner"]
            .map(str::to_owned)
            .to_vec(),
        ..Except::default()
    }
}

pub(super) fn as_transhume(url: &str) -> String {
    url.replace("//postgres@", "//transhume@")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_superuser_is_needed_there_and_back_where_triggers_can_be_switched_off() {
    let site =
        moves_without_superuser(REPLICA_RIGHT, &["cutover", "--yes", "--override", "verification"]).await;
    let (source, target) = (site.source.url(DATABASE), site.target.url(DATABASE));
    batch(&target, LATER_CHANGES).await;
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["verify"]);

    site.succeed(&["fallback", "--yes"]);

    let except = Except {
        kinds: vec!["grants".to_owned(), "replica identity".to_owned()],
        ..Except::default()
    };
    oracle::assert_equal_except(&target, &source, &except).await;
    batch(&source, "set role app_owner; insert into app.child (parent_id) values (1); delete from app.parent where id = 2").await;
    let refused = connect(&target)
        .await
        .expect("the target answers")
        .batch_execute(
            "begin read write; set local role app_owner; insert into app.log values ('late'); commit",
        )
        .await;
    assert!(refused.is_err(), "the target is closed to its owner");
    site.succeed(&["finish", "--yes"]);
    assert_eq!(site.traces().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_switch_triggers_off_a_cutover_names_what_the_way_back_lacks() {
    let site = moves_without_superuser(
        "select 1",
        &[
            "cutover",
            "--yes",
            "--without-fallback",
            "--override",
            "verification",
        ],
    )
    .await;
    let target = connect(&site.target.url(DATABASE))
        .await
        .expect("the target answers");
    let (enabled, validated): (i8, bool) = target
        .query_one(
            "select (select tgenabled from pg_trigger where tgname = 'stamp'), \
                    (select convalidated from pg_constraint where conrelid = 'app.child'::regclass and contype = 'f')",
            &[],
        )
        .await
        .map(|row| (row.get(0), row.get(1)))
        .expect("trigger and foreign key are there");
    assert_eq!((enabled.cast_unsigned(), validated), (b'O', true));
}

/// A trigger that would act a second time, and a rule, and no foreign key.
const TRIGGERS: &str = "
    set role app_owner;
    create schema app;
    create table app.entry (id int generated always as identity primary key, note text);
    create table app.trail (entry int, note text);
    create function app.keep() returns trigger language plpgsql as
        $$ begin insert into app.trail values (new.id, new.note); return new; end $$;
    create trigger keep after insert or update on app.entry for each row execute function app.keep();
    create trigger always after insert on app.entry for each row execute function app.keep();
    alter table app.entry enable always trigger always;
    insert into app.entry (note) select 'entry' from generate_series(1, 20);
    reset role;
";

const FIRES: &str = "select string_agg(tgname || ' ' || tgenabled::text, ', ' order by tgname) from pg_trigger where not tgisinternal";

/// Before 15 nobody but a superuser may set `session_replication_role`: user triggers of the old source are
/// switched off one by one, for as long as it is written back to.
#[tokio::test(flavor = "multi_thread")]
async fn triggers_of_an_old_source_do_not_act_twice_on_the_way_back() {
    let mut site = Site::empty(13, 15).await;
    let (source, target) = (site.source_url.clone(), site.target_url.clone());
    batch(&source, SOURCE_RIGHTS).await;
    batch(
        &source,
        "grant create on database shop to app_owner; alter database shop owner to transhume",
    )
    .await;
    batch(&source, TRIGGERS).await;
    batch(&target, TARGET_RIGHTS).await;
    batch(&target, REPLICA_RIGHT).await;
    (site.source_url, site.target_url) = (as_transhume(&source), as_transhume(&target));
    let fires = async |url: &str| {
        let client = connect(url).await.expect("the server answers");
        let row = client
            .query_one(FIRES, &[])
            .await
            .expect("the catalogs can be read");
        row.get::<_, String>(0)
    };
    let before = fires(&source).await;

    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["cutover", "--yes", "--override", "verification"]);
    assert_eq!(fires(&source).await, "always D, keep D");
    batch(&target, "set role app_owner; insert into app.entry (note) values ('new'); update app.entry set note = 'x' where id = 1").await;
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["verify"]);
    site.succeed(&["fallback", "--yes"]);

    assert_eq!(fires(&source).await, before);
    oracle::assert_equal_except(&target, &source, &but_for_rights()).await;
    batch(
        &source,
        "set role app_owner; insert into app.entry (note) values ('home again')",
    )
    .await;
    let client = connect(&source).await.expect("the source answers");
    let row = client
        .query_one("select count(*) from app.trail where note = 'home again'", &[])
        .await;
    assert_eq!(row.expect("rows").get::<_, i64>(0), 2, "both triggers act again");
}

/// A server with pg_cron hides from most roles in which database its jobs are: that is told, and ends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn where_jobs_are_hidden_from_the_documented_role_they_are_told_of() {
    // The setting of pg_cron without pg_cron.
    let options = || ClusterOptions::new(server(15));
    let with_jobs = options().setting("cron.database_name", "postgres");
    let mut site = Site::of(Pair::start(with_jobs, options())).await;
    batch(&site.source_url, SOURCE_RIGHTS).await;
    batch(&site.target_url, TARGET_RIGHTS).await;
    let (source, target) = (site.source_url.clone(), site.target_url.clone());
    (site.source_url, site.target_url) = (as_transhume(&source), as_transhume(&target));

    let assessed = site.call(&["assess", "--all"]);
    assert!(
        assessed.output.contains("this role may not read it"),
        "{}{}",
        assessed.output,
        assessed.error
    );
}
