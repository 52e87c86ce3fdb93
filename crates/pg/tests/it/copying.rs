//! COPY from server to server, and what is left of both connections when one side fails.

use transhume_pg::{
    connection::raw::{Mode, RawConnection},
    load::copy::{CopyMeter, CopySide, RateLimit, copy_through},
};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};

use crate::connecting::settings;

const WITH_ROWS: &str = "CREATE TABLE public.rows (id bigint PRIMARY KEY, text text);
     INSERT INTO public.rows SELECT number, repeat('x', number % 1000) FROM generate_series(1, 20000) AS number;
     CREATE TABLE public.copied (id bigint PRIMARY KEY CHECK (id <> 13000), text text)";

async fn pair(cluster: &transhume_demo::cluster::Cluster) -> (RawConnection, RawConnection) {
    let settings = settings(&cluster.url("postgres"));
    let connect = || RawConnection::connect(&settings, "transhume:test:copy", Mode::Sql);
    let mut source = connect().await.unwrap();
    source.simple_query(WITH_ROWS).await.unwrap();
    (source, connect().await.unwrap())
}

async fn count(connection: &mut RawConnection) -> String {
    let rows = connection
        .simple_query("SELECT count(*) FROM public.copied")
        .await
        .unwrap();
    rows[0][0].clone().unwrap()
}

#[tokio::test]
async fn rows_arrive_in_both_formats_and_are_counted() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let (mut source, mut target) = pair(&cluster).await;
    target
        .simple_query("ALTER TABLE public.copied DROP CONSTRAINT copied_id_check")
        .await
        .unwrap();
    let mut bytes = 0;
    for format in ["text", "binary"] {
        let meter = CopyMeter::default();
        let limit = RateLimit::new(200_000_000);
        let copy_out = format!("COPY public.rows TO STDOUT (FORMAT {format})");
        let copy_in = format!("COPY public.copied FROM STDIN (FORMAT {format})");
        let totals = copy_through(
            &mut source,
            &copy_out,
            &mut target,
            &copy_in,
            &meter,
            Some(&limit),
        )
        .await
        .unwrap();
        assert_eq!((totals.rows, totals.bytes), (20_000, meter.bytes()));
        assert!(totals.bytes > bytes, "{totals:?}");
        bytes = totals.bytes / 2;
        let differing = "SELECT count(*) FROM public.rows FULL JOIN public.copied USING (id, text)
             WHERE rows IS NULL OR copied IS NULL";
        assert_eq!(
            target.simple_query(differing).await.unwrap(),
            [[Some("0".to_owned())]]
        );
        target.simple_query("TRUNCATE public.copied").await.unwrap();
    }
}

#[tokio::test]
async fn one_row_larger_than_any_buffer_goes_through_in_pieces() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let (mut source, mut target) = pair(&cluster).await;
    let copy_out = "COPY (SELECT 1, repeat('y', 50000000)) TO STDOUT";
    let meter = CopyMeter::default();
    let totals = copy_through(
        &mut source,
        copy_out,
        &mut target,
        "COPY public.copied FROM STDIN",
        &meter,
        None,
    )
    .await;
    assert_eq!(totals.unwrap().bytes, 50_000_003);
}

#[tokio::test]
async fn a_row_that_the_target_refuses_ends_the_copy_and_leaves_the_target_usable() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let (mut source, mut target) = pair(&cluster).await;
    for rows in [
        "public.rows",
        "(SELECT rows.* FROM public.rows, generate_series(1, 100) ORDER BY id)",
    ] {
        let copy_out = format!("COPY {rows} TO STDOUT (FORMAT binary)");
        let copy_in = "COPY public.copied FROM STDIN (FORMAT binary)";
        let failed = copy_through(
            &mut source,
            &copy_out,
            &mut target,
            copy_in,
            &CopyMeter::default(),
            None,
        )
        .await;
        let failed = failed.unwrap_err();
        assert_eq!(failed.side, CopySide::Target, "{failed}");
        assert!(
            matches!(failed.error.sqlstate(), Some("23514" | "23505")),
            "{failed}"
        );
        assert_eq!(count(&mut target).await, "0");
    }
    assert!(source.is_broken(), "a billion bytes were read for nothing");
}

#[tokio::test]
async fn a_source_that_fails_midway_leaves_both_sides_usable() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let (mut source, mut target) = pair(&cluster).await;
    target.simple_query("BEGIN").await.unwrap();
    let copy_out = "COPY (SELECT id, 1 / (id - 15000) FROM public.rows) TO STDOUT";
    let copy_in = "COPY public.copied FROM STDIN";
    let failed = copy_through(
        &mut source,
        copy_out,
        &mut target,
        copy_in,
        &CopyMeter::default(),
        None,
    )
    .await;
    let failed = failed.unwrap_err();
    assert_eq!(
        (failed.side, failed.error.sqlstate()),
        (CopySide::Source, Some("22012")),
        "{failed}"
    );
    target.simple_query("ROLLBACK").await.unwrap();
    assert_eq!(count(&mut target).await, "0");
    assert_eq!(count(&mut source).await, "0");
    for (copy_out, copy_in, side) in [
        ("COPY public.missing TO STDOUT", copy_in, CopySide::Source),
        (
            "COPY public.rows TO STDOUT",
            "COPY public.missing FROM STDIN",
            CopySide::Target,
        ),
    ] {
        let failed = copy_through(
            &mut source,
            copy_out,
            &mut target,
            copy_in,
            &CopyMeter::default(),
            None,
        )
        .await;
        let failed = failed.unwrap_err();
        assert_eq!(
            (failed.side, failed.error.sqlstate()),
            (side, Some("42P01")),
            "{failed}"
        );
        assert_eq!(count(&mut source).await, count(&mut target).await);
    }
}

#[tokio::test]
async fn a_source_that_dies_midway_takes_nothing_into_the_target() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let (mut source, mut target) = pair(&cluster).await;
    let mut third = RawConnection::connect(&settings(&cluster.url("postgres")), "x", Mode::Sql)
        .await
        .unwrap();
    let pid = source.backend_pid().to_string();
    let copy_out = "COPY (SELECT id, text FROM public.rows, pg_sleep(CASE WHEN id > 5 THEN 0.01 ELSE 0 END)
         WHERE id <> 13000) TO STDOUT";
    let meter = CopyMeter::default();
    let copy = copy_through(
        &mut source,
        copy_out,
        &mut target,
        "COPY public.copied FROM STDIN",
        &meter,
        None,
    );
    let kill = async {
        third
            .query("SELECT pg_terminate_backend($1)", &[Some(&pid)])
            .await
            .unwrap();
    };
    let (failed, ()) = tokio::join!(copy, kill);
    assert_eq!(failed.unwrap_err().side, CopySide::Source);
    assert!(source.simple_query("SELECT 1").await.is_err() && source.is_broken());
    assert_eq!(count(&mut target).await, "0");
}

#[tokio::test]
async fn a_copy_that_is_abandoned_makes_its_connections_unusable() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let (mut source, mut target) = pair(&cluster).await;
    let meter = CopyMeter::default();
    let copy_in = "COPY public.copied FROM STDIN";
    let copy = copy_through(
        &mut source,
        "COPY (SELECT pg_sleep(60)) TO STDOUT",
        &mut target,
        copy_in,
        &meter,
        None,
    );
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(200), copy)
            .await
            .is_err()
    );
    assert!(source.is_broken() && target.is_broken());
    assert!(target.simple_query("SELECT 1").await.is_err());
}
