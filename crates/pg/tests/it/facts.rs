//! Reading all objects of a database leaves the server's lock table alone.

use transhume_core::verify::objects::ObjectKind;
use transhume_demo::cluster::ClusterOptions;
use transhume_pg::{connection::session::Session, verify::objects};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};

use crate::connecting::settings;

/// More relations than the lock table below can hold.
const VIEWS: usize = 700;

#[tokio::test]
async fn many_views_do_not_exhaust_the_lock_table() {
    let options = ClusterOptions::new(server::server(EVERYDAY_MAJOR))
        .setting("max_locks_per_transaction", "10")
        .setting("max_connections", "10");
    let cluster = server::start(options);
    let session = Session::connect(&settings(&cluster.url("postgres")), "transhume:test:facts")
        .await
        .unwrap();
    let make = format!(
        "do $$ begin for n in 1..{VIEWS} loop
             execute format('create table public.t%s (id integer)', n);
             execute format('create view public.v%s as select id from public.t%s', n, n);
             if n % 20 = 0 then commit; end if;
         end loop; end $$"
    );
    session.batch_execute(&make).await.unwrap();

    let objects = objects::objects(&session, EVERYDAY_MAJOR).await.unwrap();
    let printed = objects
        .iter()
        .filter(|object| object.kind == ObjectKind::View && object.text.is_some());
    assert_eq!(printed.count(), VIEWS);
}
