//! Every kind of change on every kind of table.

use super::bench::Bench;

#[tokio::test]
async fn inserts_updates_and_deletes_arrive_with_every_replica_identity() {
    let bench = Bench::new(
        "create table by_key (id int primary key, body text);
         create table by_index (a int not null, b text not null, c int, unique (a, b));
         alter table by_index replica identity using index by_index_a_b_key;
         create table whole (a int, b text, c json, d point, e numeric, f float8, g bpchar, h inet, i bool);
         alter table whole replica identity full;
         create table whole_with_key (id int primary key, body text);
         alter table whole_with_key replica identity full;",
    )
    .await;
    bench
        .run(
            r#"insert into by_key select g, 'row ' || g from generate_series(1, 100) g;
             update by_key set body = 'changed' where id % 3 = 0;
             update by_key set body = null where id = 5;
             delete from by_key where id % 7 = 0;
             insert into by_index select g, 'x', g from generate_series(1, 20) g;
             update by_index set c = null where a > 10;
             update by_index set b = 'y' where a < 5;
             delete from by_index where a = 20;
             insert into whole values
               (1, 'same', '{"a": 1}', '(1,2)', 1.0, '-0', 'x  ', '1.2.3.4', true),
               (1, 'same', '{"a": 1}', '(1,2)', 1.0, '-0', 'x  ', '1.2.3.4', true),
               (1, 'same', '{"a": 1}', '(1,2)', 1.00, '0', 'x', '1.2.3.4', true),
               (null, null, null, null, null, null, null, null, null),
               (null, null, null, null, 'NaN', 'NaN', null, null, false);
             delete from whole where ctid = (select min(ctid) from whole where e::text = '1.0');
             update whole set b = 'one' where e::text = '1.00';
             update whole set a = 2 where a is null and e is null;
             update whole set i = true where f = 'NaN';
             insert into whole_with_key values (1, 'a'), (2, 'b'), (3, 'c');
             update whole_with_key set id = 10, body = 'z' where id = 1;
             delete from whole_with_key where id = 2;"#,
        )
        .await;

    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn equal_rows_without_a_key_are_changed_one_at_a_time() {
    let bench = Bench::new(
        "create table twins (a int, b text); alter table twins replica identity full;
         create table empty (); alter table empty replica identity full;",
    )
    .await;
    bench
        .run(
            "insert into twins select 1, 'x' from generate_series(1, 5);
             delete from twins where ctid = (select min(ctid) from twins);
             update twins set b = 'y' where ctid = (select max(ctid) from twins);
             insert into empty default values; insert into empty default values;
             delete from empty where ctid = (select min(ctid) from empty);",
        )
        .await;

    bench.catch_up_and_compare().await;

    assert_eq!(
        bench
            .on_target("select count(*) from public.twins where b = 'x'")
            .await,
        "3"
    );
    assert_eq!(bench.on_target("select count(*) from public.empty").await, "1");
}

#[tokio::test]
async fn unchanged_toast_values_stay_with_key_index_and_full_identity() {
    let bench = Bench::new(
        "create table doc (id int primary key, body text, n int);
         alter table doc alter column body set storage external;
         create table full_doc (body text, n int);
         alter table full_doc alter column body set storage external;
         alter table full_doc replica identity full;
         create table long_key (key text primary key, n int, body text);
         alter table long_key alter column key set storage external;
         alter table long_key alter column body set storage external;",
    )
    .await;
    bench
        .run(
            "insert into doc select g, repeat(md5(g::text), 200), 0 from generate_series(1, 5) g;
             update doc set n = n + 1;
             update doc set id = id + 100;
             update doc set body = 'short' where id = 101;
             insert into full_doc select repeat(md5(g::text), 200), 0 from generate_series(1, 5) g;
             update full_doc set n = 7 where body like 'c4ca%';
             delete from full_doc where body like 'c81e%';
             insert into long_key select repeat(md5(g::text), 75), 0, repeat(md5(g::text), 200)
               from generate_series(1, 5) g;
             update long_key set n = 1;
             update long_key set key = 'k' where key like 'c4ca%';
             delete from long_key where key like 'c81e%';",
        )
        .await;

    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn truncates_reach_exactly_the_named_tables() {
    let bench = Bench::new(
        "create table a (id int primary key); create table b (a int references a);
         create table c (id serial primary key, x int); create table parent (x int);
         create table child () inherits (parent);",
    )
    .await;
    bench
        .run(
            "insert into a values (1); insert into b values (1); insert into c (x) values (1), (2);
             insert into parent values (1); insert into child values (2);
             truncate only parent;
             truncate a, b;
             insert into a values (3); insert into b values (3);
             truncate c restart identity;
             insert into c (x) values (9);
             truncate a cascade;",
        )
        .await;

    bench.catch_up_and_compare().await;
    assert_eq!(bench.on_target("select x from public.parent").await, "2");
}

#[tokio::test]
async fn generated_and_identity_columns_come_out_as_on_the_source() {
    let bench = Bench::new(
        "create table g (id int primary key, a int, b int generated always as (a * 2) stored);
         create table ia (id int generated always as identity primary key, x text, big text);
         alter table ia alter column big set storage external;
         create table ib (id int generated by default as identity primary key, x text);
         create table side (k text primary key, n int generated always as identity, big text);
         alter table side alter column big set storage external;",
    )
    .await;
    bench
        .run(
            "insert into g values (1, 5), (2, 6); update g set a = 50 where id = 1; delete from g where id = 2;
             insert into ia (x, big) values ('a', repeat('x', 5000)), ('b', repeat('y', 5000));
             update ia set x = 'c' where id = 1;
             update ia set id = default where id = 2;
             insert into ib (x) values ('a'); update ib set id = 77, x = 'q';
             insert into side (k, big) values ('a', repeat('x', 5000)), ('b', null);
             update side set n = default where k = 'a';
             update side set big = 'z' where k = 'b';",
        )
        .await;

    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn rows_move_between_partitions_and_inherited_tables_stay_apart() {
    let bench = Bench::new(
        "create table p (id int, region text, x int, primary key (id, region)) partition by list (region);
         create table p_north partition of p for values in ('n');
         create table p_south partition of p for values in ('s') partition by range (id);
         create table p_south_low partition of p_south for values from (0) to (100);
         create table p_rest partition of p default;
         create table base (id int primary key, x int);
         create table heir (y int, primary key (id)) inherits (base);",
    )
    .await;
    bench
        .run(
            "insert into p select g, (array['n', 's', 'e'])[1 + g % 3], g from generate_series(1, 60) g;
             update p set region = 's' where id < 10;
             update p set region = 'e' where id = 20;
             delete from p where id = 30;
             truncate p_rest;
             insert into p values (999, 'e', 1);
             insert into base values (1, 1); insert into heir values (1, 2, 3);
             update base set x = x + 10; delete from only base where id = 1;",
        )
        .await;

    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn weird_names_and_types_of_extensions_and_users_survive() {
    let schema = r#"create schema "We""ird Schema";
         create type "We""ird Schema"."Mood" as enum ('sad', 'o''k');
         create domain "We""ird Schema".positive as int check (value > 0);
         create type "We""ird Schema".pair as (a int, b text);
         create table "We""ird Schema"."Tab.le $1" (
             "Ключ 'x'" int primary key, "sel""ect" text, m "We""ird Schema"."Mood",
             d "We""ird Schema".positive, p "We""ird Schema".pair, list "We""ird Schema"."Mood"[],
             r int4range, iv interval, ts timestamptz, by bytea);
         create table keyed_by_domain (k "We""ird Schema".positive, m "We""ird Schema"."Mood", n int, primary key (k, m));
         create extension if not exists citext;
         create table folded (k citext primary key, n int);"#;
    let bench = Bench::new(schema).await;
    bench
        .run(
            r#"insert into "We""ird Schema"."Tab.le $1" values
               (1, E'back\\slash ''quote'' \n', 'o''k', 5, row(1, 'a"b'), '{sad,"o''k"}', '[1,5)',
                '1 mon 2 days 03:00', 'infinity', '\x00ff'),
               (2, '', null, null, null, null, 'empty', null, '2024-01-01 00:00:00.123456+03', '');
             update "We""ird Schema"."Tab.le $1" set m = 'sad', list = '{}' where "Ключ 'x'" = 1;
             delete from "We""ird Schema"."Tab.le $1" where "Ключ 'x'" = 2;
             insert into keyed_by_domain values (1, 'sad', 1), (1, 'o''k', 2);
             update keyed_by_domain set n = 5 where m = 'sad';
             insert into folded values ('Abc', 1), ('def', 2);
             update folded set k = 'ABC' where k = 'abc';
             update folded set n = 9 where k = 'Def';"#,
        )
        .await;

    bench.catch_up_and_compare().await;
}
