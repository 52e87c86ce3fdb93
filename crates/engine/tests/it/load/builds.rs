//! Builds run when their table is loaded, in the order of their ranks, each once.

use transhume_engine::{error::EngineError, load};
use transhume_testkit::server::EVERYDAY_MAJOR;

use super::pair::Pair;

async fn pair() -> Pair {
    let pair = Pair::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    pair.on_both(
        "CREATE TABLE customers (id int NOT NULL); CREATE TABLE orders (id int NOT NULL, customer int)",
    )
    .await;
    pair.on_source()
        .await
        .batch_execute(
            "INSERT INTO customers SELECT generate_series(1, 100);
             INSERT INTO orders SELECT g, 1 + g % 100 FROM generate_series(1, 20000) g;",
        )
        .await
        .unwrap();
    pair
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
    let mut pair = pair().await;
    let holder = pair.slot_snapshot().await;
    load::plan(&pair.context(), &holder).await.unwrap();
    pair.on_target().await.batch_execute(BUILDS).await.unwrap();

    load::load(&pair.context(), Some(holder)).await.unwrap();

    assert_eq!(
        pair.count("SELECT count(*) FROM transhume.build WHERE done_at IS NULL AND held_until_cutover")
            .await,
        1
    );
    assert_eq!(
        pair.count("SELECT count(*) FROM transhume.build WHERE done_at IS NULL AND NOT held_until_cutover")
            .await,
        0
    );
    assert_eq!(pair.count("SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'f' AND convalidated").await, 1);
    let out_of_order = "SELECT count(*) FROM transhume.build a JOIN transhume.build b ON a.rank < b.rank
                        AND (a.source_oid = b.source_oid OR b.source_oid IS NULL) AND a.done_at > b.done_at";
    assert_eq!(pair.count(out_of_order).await, 0);
    let too_early =
        "SELECT count(*) FROM transhume.build b JOIN transhume.part p ON p.source_oid = b.source_oid
                     WHERE p.done_at > b.done_at";
    assert_eq!(pair.count(too_early).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_names_itself_and_goes_on_once_it_is_remedied() {
    let mut pair = pair().await;
    let holder = pair.slot_snapshot().await;
    load::plan(&pair.context(), &holder).await.unwrap();
    let target = pair.on_target().await;
    target
        .batch_execute(
            "INSERT INTO transhume.build (source_oid, kind, rank, name, statements)
             SELECT source_oid, 'index', 1, 'by nothing', ARRAY['CREATE INDEX made ON public.orders (id)',
                                                                'CREATE INDEX broken ON public.orders (nothing)']
             FROM transhume.relation WHERE table_name = 'orders'",
        )
        .await
        .unwrap();

    let error = load::load(&pair.context(), Some(holder)).await.unwrap_err();
    assert!(matches!(error, EngineError::Stopped { .. }), "{error:?}");
    assert!(error.to_string().contains("by nothing"), "{error}");
    assert_eq!(
        pair.count("SELECT count(*) FROM pg_class WHERE relname = 'made'")
            .await,
        0
    );

    target
        .batch_execute("UPDATE transhume.build SET statements = statements[1:1]")
        .await
        .unwrap();
    load::load(&pair.context(), None).await.unwrap();
    assert_eq!(
        pair.count("SELECT count(*) FROM pg_class WHERE relname = 'made'")
            .await,
        1
    );
    assert_eq!(pair.count("SELECT count(*) FROM orders").await, 20000);
}
