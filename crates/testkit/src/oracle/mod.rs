//! Judges whether two databases are equal, by means that share no code with the product.
//!
//! Slow and simple: reads everything into memory. The schema `transhume` and the system's own are left out.

mod catalog;
mod ledger;
mod rows;

pub use ledger::ledger_check;

use tokio_postgres::Client;

use crate::connection::{connect_canonical, describe};

/// What is not compared, since a test expects it to differ.
#[derive(Debug, Clone, Default)]
pub struct Except {
    /// `schema.table` without quotes, for rows.
    pub tables: Vec<String>,
    /// As they stand at the beginning of a difference: `owner`, `grants`, `comment`, `trigger`, …
    pub kinds: Vec<String>,
}

/// Fails with all differences between two databases, rows and catalogs.
///
/// # Panics
/// Where they differ or cannot be read.
pub async fn assert_equal(source: &str, target: &str) {
    assert_equal_except(source, target, &Except::default()).await;
}

/// # Panics
/// As [`assert_equal`].
pub async fn assert_equal_except(source: &str, target: &str, except: &Except) {
    let mut found = catalog_differences(source, target, except).await;
    found.extend(row_differences(source, target, except).await);
    assert!(
        found.is_empty(),
        "source and target differ:\n{}",
        found.join("\n")
    );
}

/// Tables whose rows differ as multisets, each with the first rows that do.
///
/// # Panics
/// Where a database cannot be read.
pub async fn row_differences(source: &str, target: &str, except: &Except) -> Vec<String> {
    let (source, target) = (frozen(source).await, frozen(target).await);
    rows::differences(&source, &target, except).await
}

/// Differences in the definitions, privileges and sequences.
///
/// # Panics
/// Where a database cannot be read.
pub async fn catalog_differences(source: &str, target: &str, except: &Except) -> Vec<String> {
    let (source, target) = (frozen(source).await, frozen(target).await);
    let mut found = catalog::differences(&source, &target, except).await;
    found.extend(catalog::sequence_differences(&source, &target).await);
    found
}

/// A connection whose snapshot does not move while it is read.
async fn frozen(url: &str) -> Client {
    let client = connect_canonical(url).await;
    let client = client.unwrap_or_else(|error| panic!("the oracle cannot connect: {}", describe(&error)));
    begin_anew(&client).await;
    client
}

/// Also out of a transaction that has failed.
async fn begin_anew(client: &Client) {
    let begun = client
        .batch_execute("ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await;
    begun.unwrap_or_else(|error| panic!("the oracle cannot begin: {}", describe(&error)));
}

fn read<T>(outcome: Result<T, tokio_postgres::Error>, what: &str) -> T {
    outcome.unwrap_or_else(|error| panic!("the oracle cannot read {what}: {}", describe(&error)))
}
