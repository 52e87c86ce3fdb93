//! Builds run when their table is loaded, in the order of their ranks, each once.

use transhume_engine::load;
use transhume_testkit::server::EVERYDAY_MAJOR;

use super::loading::Loading;

async fn loading() -> Loading {
    let loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    loading
        .on_both(
            "CREATE TABLE customers (id int NOT NULL); CREATE TABLE orders (id int NOT NULL, customer int)",
        )
        .await;
    loading
        .on_source()
        .await
        .batch_execute(
            "INSERT INTO customers SELECT generate_series(1, 100);
             INSERT INTO orders SELECT g, 1 + g % 100 FROM generate_series(1, 20000) g;",
        )
        .await
        .unwrap();
    loading
}

const BUILDS: &str = "
    INSERT INTO transhume.build (source_oid, kind, rank, name, statements, held_until_cutover)
    SELECT r.source_oid, 'index', b.rank, b.name, b.statements, b.held
    FROM (VALUES
        ('customers', 1, 'customers_pkey', ARRAY['CREATE UNIQUE INDEX customers_pkey ON public.customers (id)',
            'ALTER TABLE public.customers ADD PRIMARY KEY USING INDEX customers_pkey'], false),
        ('orders', 1, 'orders_by_customer', ARRAY['CREATE INDEX orders_by_customer ON public.orders (customer)'], false),
        ('orders', 2, 'analyze orders', ARRAY['ANALYZE public.orders'], false),
        ('orders', 1, 'held', ARRAY['SELECT 1/0'], true)
    ) AS b (table_name, rank, name, statements, held)
    JOIN transhume.relation r USING (table_name);
    INSERT INTO transhume.build (source_oid, kind, rank, name, statements) VALUES
        (NULL, 'foreign-key', 5, 'orders_customer', ARRAY[
            'ALTER TABLE public.orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES public.customers NOT VALID']),
        (NULL, 'foreign-key', 6, 'validate', ARRAY['ALTER TABLE public.orders VALIDATE CONSTRAINT orders_customer']);";

#[tokio::test(flavor = "multi_thread")]
async fn builds_follow_their_tables_and_ranks_and_held_ones_wait() {
    let mut loading = loading().await;
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    loading.on_target().await.batch_execute(BUILDS).await.unwrap();

    load::load(&loading.context(), Some(holder)).await.unwrap();

    assert_eq!(
        loading
            .count("SELECT count(*) FROM transhume.build WHERE done_at IS NULL AND held_until_cutover")
            .await,
        1
    );
    assert_eq!(
        loading
            .count("SELECT count(*) FROM transhume.build WHERE done_at IS NULL AND NOT held_until_cutover")
            .await,
        0
    );
    assert_eq!(loading.count("SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'f' AND convalidated").await, 1);
    let out_of_order = "SELECT count(*) FROM transhume.build a JOIN transhume.build b ON a.rank < b.rank
                        AND (a.source_oid = b.source_oid OR b.source_oid IS NULL) AND a.done_at > b.done_at";
    assert_eq!(loading.count(out_of_order).await, 0);
    let too_early =
        "SELECT count(*) FROM transhume.build b JOIN transhume.part p ON p.source_oid = b.source_oid
                     WHERE p.done_at > b.done_at";
    assert_eq!(loading.count(too_early).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_of_a_tree_are_made_while_indexes_are_built() {
    let mut loading = loading().await;
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    let waiting_index = "
        INSERT INTO transhume.build (source_oid, kind, rank, name, statements)
        SELECT source_oid, 'index', 0, 'ends after the statistics', ARRAY[$statement$
            DO $$ BEGIN
                FOR turn IN 1..600 LOOP
                    IF EXISTS (SELECT FROM transhume.build WHERE name = 'tree' AND done_at IS NOT NULL) THEN RETURN; END IF;
                    PERFORM pg_sleep(0.05);
                END LOOP;
                RAISE 'no statistics within half a minute';
            END $$ $statement$]
        FROM transhume.relation WHERE table_name = 'orders';
        INSERT INTO transhume.build (source_oid, kind, rank, name, statements)
        VALUES (NULL, 'analyze partition tree', 3, 'tree', ARRAY['ANALYZE public.orders'])";
    loading
        .on_target()
        .await
        .batch_execute(waiting_index)
        .await
        .unwrap();

    load::load(&loading.context(), Some(holder)).await.unwrap();
    let estimate = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'orders'::regclass";
    assert_eq!(loading.count(estimate).await, 20000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_names_itself_and_holds_nothing_else() {
    let mut loading = loading().await;
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    let target = loading.on_target().await;
    target
        .batch_execute(
            "INSERT INTO transhume.build (source_oid, kind, rank, name, statements)
             SELECT source_oid, 'index', 1, 'by nothing', ARRAY['CREATE INDEX made ON public.orders (id)',
                                                                'CREATE INDEX broken ON public.orders (nothing)']
             FROM transhume.relation WHERE table_name = 'orders'",
        )
        .await
        .unwrap();

    load::load(&loading.context(), Some(holder)).await.unwrap();
    let told =
        "SELECT count(*) FROM transhume.finding WHERE concat_ws(' ', object, message) LIKE '%by nothing%'";
    assert_eq!(loading.count(told).await, 1);
    assert_eq!(
        loading
            .count("SELECT count(*) FROM pg_class WHERE relname = 'made'")
            .await,
        0
    );

    assert_eq!(loading.count("SELECT count(*) FROM orders").await, 20000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_builder_leaves_nothing_broken_and_its_index_is_built_again() {
    let mut loading = loading().await;
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    loading.on_target()
        .await
        .batch_execute(
            "CREATE FUNCTION slow(id int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT id + 0 * (SELECT count(*)::int FROM pg_sleep(0.001))';
             INSERT INTO transhume.build (source_oid, kind, rank, name, statements)
             SELECT source_oid, 'index', 0, 'slow', ARRAY['CREATE INDEX orders_slow ON public.orders (public.slow(id))']
             FROM transhume.relation WHERE table_name = 'orders'",
        )
        .await
        .unwrap();
    let context = loading.context();
    let kill = async {
        let building = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX orders_slow%' AND state = 'active'";
        loading.until_count(building, 1).await;
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX orders_slow%'";
        assert!(loading.count(kill).await >= 1);
        loading.until_count(building, 1).await;
        let fast =
            "CREATE OR REPLACE FUNCTION slow(id int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT id'";
        assert_eq!(
            loading
                .count("SELECT count(*) FROM pg_class WHERE relname = 'orders_slow'")
                .await,
            0
        );
        loading.on_target().await.batch_execute(fast).await.unwrap();
        loading.count(kill).await;
    };
    let (loaded, ()) = tokio::join!(load::load(&context, Some(holder)), kill);
    loaded.unwrap();

    let good = "SELECT count(*) FROM pg_index WHERE indexrelid = 'orders_slow'::regclass AND indisvalid AND indisready";
    assert_eq!(loading.count(good).await, 1);
    assert_eq!(
        loading
            .count("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_several_parts_is_frozen_once_even_where_its_vacuum_is_killed() {
    let mut loading = loading().await;
    loading.options.part_bytes = Some(100 << 10);
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    let target = loading.on_target().await;
    let rows = transhume_pg::state::build::loaded_tables(&target).await.unwrap();
    let vacuums = transhume_pg::schema::build::vacuums(&rows);
    assert_eq!(vacuums.len(), 1, "{vacuums:?}");
    target
        .execute(
            "INSERT INTO transhume.build (kind, rank, name, statements) VALUES ($1, $2, $3, $4)",
            &[
                &vacuums[0].kind.name(),
                &vacuums[0].rank,
                &vacuums[0].name,
                &vacuums[0].statements,
            ],
        )
        .await
        .unwrap();
    let lock = loading.on_target().await;
    let context = loading.context();
    let kill = async {
        let left = "SELECT count(*) FROM transhume.part WHERE done_at IS NULL";
        super::loading::until("all is loaded", async || match loading.count(left).await {
            0 => Ok(()),
            left => Err(format!("{left} parts")),
        })
        .await;
        lock.batch_execute("BEGIN; LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE")
            .await
            .unwrap();
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'VACUUM%' AND wait_event_type = 'Lock'";
        let done = "SELECT count(*) FROM transhume.build WHERE kind = 'vacuum' AND done_at IS NOT NULL";
        super::loading::until("a vacuum", async || {
            match (loading.count(waiting).await, loading.count(done).await) {
                (0, 0) => Err("none".to_owned()),
                _ => Ok(()),
            }
        })
        .await;
        loading.count("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'VACUUM%' AND state = 'active'").await;
        lock.batch_execute("COMMIT").await.unwrap();
    };
    let (loaded, ()) = tokio::join!(load::load(&context, Some(holder)), kill);
    loaded.unwrap();

    let frozen = "SELECT count(*) FROM pg_class WHERE relname = 'orders' AND relallvisible = relpages AND relpages > 0";
    assert_eq!(loading.count(frozen).await, 1);
    assert_eq!(
        loading
            .count("SELECT count(*) FROM transhume.build WHERE done_at IS NULL")
            .await,
        0
    );
}
