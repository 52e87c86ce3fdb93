//! The shop: a realistic database with traffic, for the demonstration and for tests.
//!
//! Every purchase is one transaction that leaves exactly one row in `shop.ledger`, a table without
//! any key, so that what was acknowledged can be counted against what arrived.

use std::collections::HashMap;

use transhume_pg::connection::{error::PgError, session::Session};

const SCHEMA: &str = include_str!("schema.sql");
const FILL: &str = include_str!("fill.sql");
const BUY: &str = "select shop.buy($1, $2)";
const LEDGER: &str = "select client, number, count(*) from shop.ledger group by client, number";

/// Creates the shop with this many customers; 100,000 make about 400 MB.
pub async fn create(session: &Session, customers: u32) -> Result<(), PgError> {
    session.batch_execute(SCHEMA).await?;
    // The statements run as one simple query, which takes no parameters; a number needs no quoting.
    session
        .batch_execute(&FILL.replace("$1", &customers.to_string()))
        .await?;
    Ok(())
}

/// One purchase in one transaction; once this returns, the server has acknowledged it.
pub async fn buy(session: &Session, client: i32, number: i64) -> Result<(), PgError> {
    session.execute(BUY, &[&client, &number]).await?;
    Ok(())
}

/// How often each purchase stands in the ledger.
pub async fn ledger(session: &Session) -> Result<HashMap<(i32, i64), i64>, PgError> {
    let rows = session.query(LEDGER, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| ((row.get(0), row.get(1)), row.get(2)))
        .collect())
}
