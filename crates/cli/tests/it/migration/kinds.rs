//! Objects of every kind that the owner of an application can make, on the way to a target without superuser: all of them are
//! found in order beforehand, arrive, compare as equal, bar no cutover, and are gone after an `abort`.

use serde_json::Value;
use transhume_testkit::oracle;

use super::{
    rights::{as_transhume, batch, but_for_rights},
    site::{DATABASE, Site},
};

/// Rights of both sides, and the roles that the kinds name.
const ROLES: &str = "
    create role app_owner; create role app_rw; create role app_ro;
    create role transhume login replication bypassrls;
    grant app_owner to transhume;
    grant pg_signal_backend to transhume;
    grant create on database shop to transhume, app_owner;
    grant usage, create on schema public to transhume, app_owner;
    grant set on parameter session_replication_role to transhume;
";

const KINDS: &str = include_str!("sql/kinds.sql");

/// A table is made a view no more since 16.
const KINDS_BEFORE_16: &str = "
    create schema k26;
    create table k26.t (id int primary key, v text);
    create table k26.rv (id int, v text);
    create rule \"_RETURN\" as on select to k26.rv do instead select id, v from k26.t";

/// What servers before 18 do not know, or print in another way than those after them.
const KINDS_OF_18: &str = include_str!("sql/kinds_18.sql");

/// Told, and no obstacle.
const TOLD: [&str; 13] = [
    "client-programs-outdated",
    "extension-versions",
    "fail-over",
    "firing-triggers",
    "generated-column-fallback",
    "logins",
    "materialized-views",
    "minor-version",
    "name-columns",
    "publications",
    "replica-identity",
    "target-older",
    "unlogged-tables",
];

async fn arrive(source: u32, target: u32) {
    let mut site = Site::empty(source, target).await;
    let (old, new) = (site.source_url.clone(), site.target_url.clone());
    batch(&old, ROLES).await;
    batch(&new, ROLES).await;
    batch(&old, "create extension btree_gist").await;
    let made = format!("set role app_owner; {KINDS}");
    batch(&old, &made).await;
    let of_the_version = if source >= 18 {
        KINDS_OF_18
    } else {
        KINDS_BEFORE_16
    };
    batch(&old, &format!("set role app_owner; {of_the_version}")).await;
    let before = site.source_names(SCHEMA).await;
    (site.source_url, site.target_url) = (as_transhume(&old), as_transhume(&new));

    let assessed: Value = serde_json::from_str(&site.call(&["assess", "--json"]).output).expect("it is JSON");
    let findings = assessed["findings"].as_array().expect("findings").iter();
    let unexpected: Vec<&Value> = findings
        .filter(|finding| finding["severity"] != "pass")
        .filter(|finding| !TOLD.iter().any(|code| finding["code"] == *code))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");

    site.succeed(&["run", "--until-caught-up"]);
    let verified: Value =
        serde_json::from_str(&site.succeed(&["verify", "--json"]).output).expect("it is JSON");
    assert_eq!(verified["objects"]["findings"], serde_json::json!([]));
    oracle::assert_equal_except(
        &site.source.url(DATABASE),
        &site.target.url(DATABASE),
        &but_for_rights(),
    )
    .await;
    let check = site.call(&["cutover", "--check"]);
    assert_eq!(check.code, 0, "{}{}", check.output, check.error);

    site.succeed(&["abort", "--yes"]);
    let left = "select nspname::text from pg_namespace where nspname ~ '^(k[0-9]|S |transhume)'";
    assert_eq!(site.target_names(left).await, Vec::<String>::new());
    assert_eq!(site.source_names(SCHEMA).await, before, "the source is as it was");
}

/// All that a migration could have left on the source.
const SCHEMA: &str = "
    select 'relation ' || oid::regclass || ' ' || relreplident::text || ' ' || relowner::regrole || coalesce(relacl::text, '')
    from pg_class where oid >= 16384 and relkind <> 't' and relkind <> 'i'
    union all select 'schema ' || nspname || coalesce(nspacl::text, '') from pg_namespace
    union all select 'publication ' || pubname from pg_publication
    union all select 'slot ' || slot_name from pg_replication_slots
    order by 1";

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_every_kind_arrive_at_a_later_version() {
    arrive(15, 17).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_every_kind_arrive_at_the_newest_version() {
    arrive(18, 18).await;
}
