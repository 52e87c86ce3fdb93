//! A small shop that is followed, for tests in which its servers come and go: how it is asked, whichever server answers.

use std::time::{Duration, Instant};

use transhume_testkit::connection::connect;

use super::site::{Running, Site, phase};

pub(super) const DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

pub(super) const SHOP: &str = "create table orders (id int primary key, note text);
     create table ledger (note text);
     alter table ledger replica identity full;
     insert into orders select g, 'first' from generate_series(1, 1000) g";

/// Waits until a query of one boolean says true.
pub(super) async fn until(url: &str, query: &str) {
    let end = Instant::now() + DEADLINE;
    loop {
        let client = connect(url).await.expect("the server answers");
        let row = client.query_one(query, &[]).await.expect("the query is in order");
        if row.get::<_, bool>(0) {
            return;
        }
        assert!(Instant::now() < end, "never: {query}");
        tokio::time::sleep(POLL).await;
    }
}

pub(super) async fn execute(url: &str, sql: &str) {
    let client = connect(url).await.expect("the server answers");
    client
        .batch_execute(sql)
        .await
        .expect("the statements are in order");
}

pub(super) async fn following(site: &Site) -> Running {
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
        .await;
    runner
}
