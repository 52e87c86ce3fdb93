//! Large objects arrive whole: content, OID, owner, grants, comment.

use transhume_engine::load;
use transhume_testkit::server::{EVERYDAY_MAJOR, NEWEST_MAJOR};

use super::loading::Loading;

/// Everything about every large object, as one number of a digest.
const ALL: &str =
    "SELECT string_agg(format('%s %s %s %s %s', m.oid, m.lomowner::regrole, length(lo_get(m.oid)),
        md5(lo_get(m.oid)), coalesce(obj_description(m.oid, 'pg_largeobject'), '')
        || (SELECT string_agg(format(' %s:%s:%s', a.grantee::regrole, a.privilege_type, a.is_grantable), ''
                              ORDER BY a.grantee::regrole::text, a.privilege_type)
            FROM aclexplode(coalesce(m.lomacl, acldefault('L', m.lomowner))) a)), E'\\n' ORDER BY m.oid)
    FROM pg_largeobject_metadata m";

async fn all(loading: &Loading) -> [String; 2] {
    let source = loading.on_source().await;
    let target = loading.on_target().await;
    [source, target]
        .map(async |client| client.query_one(ALL, &[]).await.unwrap().get(0))
        .into_iter()
        .collect::<futures_util::future::JoinAll<_>>()
        .await
        .try_into()
        .unwrap()
}

/// Some at the borders of the slices, and many small ones.
async fn loading(target_major: u32) -> Loading {
    let loading = Loading::new(EVERYDAY_MAJOR, target_major).await;
    loading.on_both("CREATE ROLE ann; CREATE ROLE \"Bob's\"").await;
    loading
        .on_source()
        .await
        .batch_execute(
            "SELECT lo_from_bytea(4000000000, '');
             SELECT lo_from_bytea(101, decode(repeat('00ff', 32768), 'hex'));
             SELECT lo_from_bytea(102, decode(repeat('a5', 65535), 'hex'));
             SELECT lo_from_bytea(103, convert_to(repeat('0123456789abcdef', 69632), 'UTF8'));
             SELECT lo_from_bytea(104, convert_to(repeat('large object', 300000), 'UTF8'));
             SELECT lo_create(105), lo_put(105, 3000000, 'after a hole');
             SELECT lo_from_bytea(g::oid, convert_to(g::text, 'UTF8')) FROM generate_series(20001, 20700) g;
             ALTER LARGE OBJECT 101 OWNER TO ann;
             GRANT SELECT ON LARGE OBJECT 101 TO \"Bob's\" WITH GRANT OPTION;
             GRANT SELECT, UPDATE ON LARGE OBJECT 102 TO PUBLIC, ann;
             COMMENT ON LARGE OBJECT 103 IS 'it''s \"large\"';",
        )
        .await
        .unwrap();
    loading
}

async fn assert_loaded(target_major: u32) {
    let mut loading = loading(target_major).await;
    let holder = loading.slot_snapshot().await;
    loading.plan_and_load(holder).await.unwrap();
    let [source, target] = all(&loading).await;
    assert_eq!(source, target);
    let parts = "SELECT count(*) FROM transhume.large_object_part WHERE done_at IS NOT NULL";
    assert_eq!(loading.count(parts).await, 3);
    let copied = "SELECT sum(objects_copied)::bigint FROM transhume.large_object_part";
    assert_eq!(loading.count(copied).await, 706);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_keep_content_oid_owner_grants_and_comment() {
    assert_loaded(EVERYDAY_MAJOR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_arrive_at_the_newest_version() {
    assert_loaded(NEWEST_MAJOR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_loaders_leave_no_half_of_a_large_object() {
    let mut loading = loading(EVERYDAY_MAJOR).await;
    // The whole takes some seconds.
    loading.options.rate_limit_bytes_per_second = Some(3 << 20);
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    let context = loading.context();
    let kill = async {
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%lo_put%' AND application_name LIKE '%loader%'";
        loading.until_count(busy, 1).await;
        let killed = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE '%loader%'";
        assert!(loading.count(killed).await > 0);
    };
    let (loaded, ()) = tokio::join!(load::load(&context, Some(holder)), kill);
    loaded.unwrap();
    let [source, target] = all(&loading).await;
    assert_eq!(source, target);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_target_s_roles_do_not_allow_is_one_finding_for_each_role() {
    let mut loading = loading(EVERYDAY_MAJOR).await;
    loading
        .on_target()
        .await
        .batch_execute("DROP ROLE ann; DROP ROLE \"Bob's\"")
        .await
        .unwrap();
    let holder = loading.slot_snapshot().await;
    loading.plan_and_load(holder).await.unwrap();
    let findings = "SELECT count(*) FROM transhume.finding WHERE (code, object) IN
        (('large-object-owner', 'ann'), ('large-object-grant', 'ann'), ('large-object-grant', 'Bob''s'))";
    assert_eq!(loading.count(findings).await, 3);
    assert_eq!(
        loading
            .count("SELECT count(*) FROM pg_largeobject_metadata")
            .await,
        706
    );
}
