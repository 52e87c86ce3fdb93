//! Roles and logins: the script that carries them, the names that they have on the target, and the check of a cutover.

use transhume_testkit::{connection::connect, server::client_programs};

use super::{
    globals,
    site::{DATABASE, Site},
};

/// Groups, logins, settings, a superuser, names in need of quotes; the database belongs to one that cannot log in.
const ROLES: &str = r#"
    set password_encryption = 'scram-sha-256';
    create role app_owner;
    create role app_rw;
    create role app_ro;
    create role app login password 'app-pw' in role app_rw;
    create role "Batch-User" login noinherit password 'b' in role app_rw;
    create role report login connection limit 5 valid until '2030-01-01 12:00+00' password 'r' in role app_ro;
    create role lead login createrole;
    grant app_rw to lead with admin option;
    create role dba login superuser;
    create role auditor login bypassrls in role app_ro;
    create role unrelated;
    set password_encryption = 'md5';
    create role old_md5 login password 'm' in role app_ro;
    reset password_encryption;
    alter role report set statement_timeout = '5min';
    alter role app in database shop set search_path = "$user", shop, public;
    comment on role report is 'reads; nothing''s written';
    create role transhume login replication;
    grant app_owner to transhume;
    grant create on database shop to app_owner, transhume;
    grant dba to app_ro;
    revoke dba from app_ro;
"#;

const TABLES: &str = "
    set role app_owner;
    create schema shop;
    grant usage on schema shop to app_rw, app_ro;
    create table shop.item (id int primary key, v text);
    insert into shop.item select g, 'x' from generate_series(1, 10) g;
    grant select on shop.item to app_ro;
    grant select, insert on shop.item to app_rw, dba;
    alter default privileges in schema shop grant select on tables to app_ro;
    reset role;
";

/// A role as managed services give it: it makes roles, and is no superuser.
const ADMIN: &str = "create role azadmin login createrole createdb replication; grant all on database shop to azadmin with grant option";

/// Attributes, settings and secrets side by side; the migration's own roles apart.
const GLOBALS: &str = "
    select string_agg(concat_ws(' ', r.rolname, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolconnlimit,
                                r.rolvaliduntil at time zone 'UTC', a.rolpassword, shobj_description(r.oid, 'pg_authid'),
                                (select string_agg(s.setconfig::text, ' ' order by s.setdatabase <> 0)
                                 from pg_db_role_setting s where s.setrole = r.oid),
                                (select string_agg(g.rolname || ' ' || m.admin_option, ' ' order by g.rolname)
                                 from pg_auth_members m join pg_roles g on g.oid = m.roleid
                                 where m.member = r.oid and m.grantor <> all (select oid from pg_roles where rolname = 'none'))),
                      E'\\n' order by r.rolname)
    from pg_roles r join pg_authid a on a.oid = r.oid
    where r.rolname !~ '^pg_' and r.rolname not in ('postgres', 'azadmin', 'transhume', 'unrelated', 'old_md5')";

async fn batch(url: &str, sql: &str) {
    let client = connect(url).await.expect("the server answers");
    client
        .batch_execute(sql)
        .await
        .expect("the statements are in order");
}

async fn text(url: &str, sql: &str) -> String {
    let client = connect(url).await.expect("the server answers");
    let row = client.query_one(sql, &[]).await.expect("the query is in order");
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

async fn site(source: u32, target: u32) -> Site {
    let mut site = Site::empty(source, target).await;
    batch(&site.source_url, ROLES).await;
    batch(&site.source_url, TABLES).await;
    batch(&site.target_url, ADMIN).await;
    site.target_url = site.target_url.replace("//postgres@", "//azadmin@");
    site
}

/// Of a script, what is no comment.
fn statements(script: &str) -> Vec<&str> {
    script.lines().filter(|line| !line.starts_with("--")).collect()
}

async fn are_carried(source: u32, target: u32) {
    let site = site(source, target).await;
    let (old, new) = (site.source.url(DATABASE), site.target.url(DATABASE));

    let printed = site.succeed(&["roles"]);
    for words in [
        r#"ALTER ROLE "app" LOGIN;"#,
        r#"ALTER ROLE "app" IN DATABASE "shop" SET "search_path" TO '$user', 'shop', 'public';"#,
        r#"GRANT "app_owner" TO "azadmin""#,
        r#"-- left out, only an administrator of the target's service could: ALTER ROLE "dba" SUPERUSER;"#,
        "-- need a password of their own on the target (\\password in psql): Batch-User, app, ",
    ] {
        assert!(printed.output.contains(words), "{words}\n{}", printed.output);
    }
    assert!(!printed.output.contains("unrelated"), "{}", printed.output);
    let made = text(
        &new,
        "select string_agg(rolname, ',') from pg_roles where rolname like 'app%'",
    )
    .await;
    assert_eq!(made, "", "a script that is printed changes nothing");

    let applied = site.succeed(&["-vvv", "roles", "--apply", "--passwords"]);
    let secrets = text(
        &old,
        "select string_agg(rolpassword, ' ') from pg_authid where rolpassword like 'SCRAM%'",
    )
    .await;
    for secret in secrets.split(' ') {
        assert!(
            !applied.output.contains(secret) && !applied.error.contains(secret),
            "a secret is told"
        );
    }
    assert!(
        applied.output.contains("(\\password in psql): old_md5"),
        "{}",
        applied.output
    );
    let (left, right) = (text(&old, GLOBALS).await, text(&new, GLOBALS).await);
    assert_eq!(left, right);
    only_a_superuser_could_give_what_is_lacking(&site, source.max(target), &applied.output);

    let again = site.succeed(&["roles", "--passwords"]);
    let left: Vec<&str> = statements(&again.output)
        .into_iter()
        .filter(|line| !line.contains(" PASSWORD "))
        .collect();
    assert_eq!(left, Vec::<&str>::new(), "{}", again.output);
    let json: serde_json::Value =
        serde_json::from_str(&site.succeed(&["roles", "--json"]).output).expect("it is JSON");
    assert!(
        json["statements"]
            .as_array()
            .is_some_and(|all| all.iter().all(|one| one["outcome"] == "left-out"))
    );
}

/// As `pg_dumpall --globals-only` shows both servers: what is lacking is named by the script.
fn only_a_superuser_could_give_what_is_lacking(site: &Site, major: u32, told: &str) {
    let both = (&*site.source.url("postgres"), &*site.target.url("postgres"));
    let ours = ["postgres", "transhume", "unrelated"];
    let lacking: Vec<(String, String)> = globals::lacking(&client_programs(major), both)
        .into_iter()
        .filter(|(role, _)| !ours.contains(&role.as_str()))
        .map(|(role, what)| match what.strip_prefix("'md5") {
            Some(_) => (role, "'md5'".to_owned()),
            None => (role, what),
        })
        .collect();
    let named = |role: &str, what: &str| (role.to_owned(), what.to_owned());
    assert_eq!(
        lacking,
        [
            named("auditor", "BYPASSRLS"),
            named("dba", "SUPERUSER"),
            named("old_md5", "'md5'"),
            named("old_md5", "PASSWORD"),
        ]
    );
    for words in [
        "ALTER ROLE \"auditor\" BYPASSRLS",
        "ALTER ROLE \"dba\" SUPERUSER",
        "(\\password in psql): old_md5",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_carried_but_for_what_a_superuser_alone_may() {
    are_carried(15, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_carried_to_a_server_with_options_of_memberships() {
    are_carried(13, 17).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_carried_between_servers_with_options_of_memberships() {
    are_carried(17, 18).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_for_a_role_counts_in_owners_grants_policies_and_comparisons() {
    let site = site(15, 15).await;
    batch(
        &site.source_url,
        r#"create table shop.own (id int primary key, "postgres" int);
           create table shop.by_dba (id int primary key);
           alter table shop.by_dba owner to dba;
           grant select on shop.item to postgres;
           grant select ("postgres") on shop.own to app_ro;
           alter table shop.own enable row level security;
           create policy p on shop.own to postgres, app_rw using (true);
           alter default privileges for role postgres in schema shop grant select on tables to app_rw;"#,
    )
    .await;
    site.write("transhume.toml", "[schema]\nroles = { postgres = \"azadmin\" }\n");
    batch(&site.target.url(DATABASE), "alter role azadmin bypassrls").await;
    site.succeed(&["roles", "--apply"]);
    site.succeed(&["run", "--until-caught-up"]);
    let verified = site.call(&["verify", "--json"]);
    assert_eq!(verified.code, 0, "{}{}", verified.output, verified.error);
    let told: serde_json::Value = serde_json::from_str(&verified.output).expect("it is JSON");
    assert_eq!(
        told["objects"]["findings"],
        serde_json::json!([]),
        "{}",
        verified.output
    );
    let owners =
        "select string_agg(tableowner, ',' order by tablename) from pg_tables where schemaname = 'shop'";
    assert_eq!(
        text(&site.target.url(DATABASE), owners).await,
        "dba,app_owner,azadmin"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_are_a_check_and_what_was_refused_is_tried_again() {
    let site = site(15, 15).await;
    // Nothing of the database names it.
    batch(
        &site.source_url,
        "create role filler login in role pg_write_all_data",
    )
    .await;
    let new = site.target.url(DATABASE);
    site.succeed(&["run", "--until-caught-up"]);
    let owner = "select tableowner::text from pg_tables where tablename = 'item'";
    assert_eq!(text(&new, owner).await, "azadmin");
    let check = site.call(&["cutover", "--check"]);
    assert_eq!(check.code, 1, "{}", check.output);
    for words in [
        "logins",
        "the role app is not on the target",
        "transhume roles --apply",
    ] {
        assert!(check.output.contains(words), "{words}\n{}", check.output);
    }

    site.succeed(&["roles", "--apply"]);
    // As on a service that gives it to nobody.
    batch(&new, "revoke pg_write_all_data from filler").await;
    let through_a_predefined_role = "filler writes the source's tables through pg_write_all_data";
    let assessed = site.call(&["assess", "--quick", "--all"]);
    let check = site.call(&["cutover", "--check"]);
    for told in [&assessed.output, &check.output] {
        assert!(told.contains(through_a_predefined_role), "{told}");
    }
    // What the remedy proposes where a service gives that role to nobody; and a membership that somebody took away.
    batch(
        &new,
        "grant usage on schema shop to filler; grant insert, update, delete on all tables in schema shop to filler;
         revoke app_rw from app",
    )
    .await;
    let check = site.call(&["cutover", "--check"]);
    assert!(
        !check.output.contains(through_a_predefined_role),
        "{}",
        check.output
    );
    let membership = "the role app is no member of app_rw on the target";
    assert!(check.output.contains(membership), "{}", check.output);
    site.succeed(&["roles", "--apply"]);
    batch(
        &new,
        "alter role report connection limit 5; revoke connect on database shop from public;
         revoke all on all tables in schema shop from filler; revoke usage on schema shop from filler",
    )
    .await;
    let check = site.call(&["cutover", "--check"]);
    assert!(
        check
            .output
            .contains("may not connect to the target's database shop"),
        "{}",
        check.output
    );
    assert_eq!(
        text(&new, owner).await,
        "app_owner",
        "owners are tried again before the checks"
    );
    batch(&new, "grant connect on database shop to public").await;
    let status = site.succeed(&["run", "--until-caught-up"]);
    assert!(!status.error.contains("refused"), "{}", status.error);
    let check = site.call(&["cutover", "--check", "--override", "verification"]);
    assert_eq!(check.code, 0, "{}{}", check.output, check.error);
    let granted = "select has_table_privilege('app', 'shop.item', 'INSERT')::text";
    assert_eq!(text(&new, granted).await, "true");
}

/// What is in no dump of a database: some of it the script carries, all of it is told.
const SURROUNDINGS: &str = "
    alter database shop set timezone = 'Europe/Berlin';
    alter database shop set search_path = shop, public;
    comment on database shop is 'the shop';
    revoke temporary on database shop from public;
    grant temporary on database shop to app_ro;
    create publication everything for all tables with (publish = 'insert');
    create publication part for table only shop.item;
";

#[tokio::test(flavor = "multi_thread")]
async fn what_no_dump_holds_is_told_with_its_statement_and_carried_where_that_is_right() {
    let site = site(15, 15).await;
    batch(&site.source_url, SURROUNDINGS).await;
    batch(
        &site.source_url,
        "select pg_create_logical_replication_slot('warehouse', 'pgoutput')",
    )
    .await;
    batch(&site.target.url(DATABASE), "alter database shop owner to azadmin").await;
    let told = |output: &str| -> Vec<String> {
        let assessed: serde_json::Value = serde_json::from_str(output).expect("it is JSON");
        let findings = assessed["findings"].as_array().expect("findings").iter();
        findings
            .map(|finding| finding["remedy"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let before = told(&site.call(&["assess", "--quick", "--json"]).output);
    for statement in [
        r#"ALTER DATABASE "shop" SET "TimeZone" TO 'Europe/Berlin'"#,
        r#"ALTER DATABASE "shop" SET "search_path" TO 'shop', 'public'"#,
        "COMMENT ON DATABASE shop IS 'the shop'",
        "GRANT TEMPORARY ON DATABASE shop TO app_ro",
        "REVOKE TEMPORARY ON DATABASE shop FROM PUBLIC",
        "CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert')",
        "CREATE PUBLICATION part FOR TABLE ONLY shop.item WITH (publish = 'insert, update, delete, truncate')",
        "SELECT pg_catalog.pg_create_logical_replication_slot('warehouse', 'pgoutput')",
    ] {
        assert!(
            before.iter().any(|remedy| remedy.ends_with(statement)),
            "{statement}\n{before:#?}"
        );
    }

    site.succeed(&["roles", "--apply"]);
    let after = told(&site.call(&["assess", "--quick", "--json"]).output);
    let carried = ["ALTER DATABASE", "COMMENT ON DATABASE", "GRANT TEMPORARY"];
    let left: Vec<&String> = after
        .iter()
        .filter(|remedy| carried.iter().any(|words| remedy.contains(words)))
        .collect();
    assert_eq!(left, Vec::<&String>::new());
    assert!(
        after.iter().any(|remedy| remedy.contains("REVOKE TEMPORARY")),
        "nothing is taken away"
    );
}
