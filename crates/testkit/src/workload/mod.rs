//! Schemas with rows to migrate.
//!
//! The SQL runs in psql as it stands. What only some servers can do is in files of its own, and is left out where
//! either end cannot do it.

use tokio_postgres::{Client, Error};

use crate::connection::{connect, describe};

const ROLES: &str = include_str!("sql/roles.sql");
const TORTURE: &str = include_str!("sql/torture.sql");

/// Additions, each with a statement that fails where the server is not able.
const OPTIONAL: [(&str, &str); 3] = [
    (
        "SELECT '{}'::pg_catalog.int4multirange",
        include_str!("sql/multirange.sql"),
    ),
    ("SELECT xmlparse(content '<a/>')", include_str!("sql/xml.sql")),
    (
        "SELECT 1 / pg_catalog.count(*) FROM pg_catalog.pg_available_extensions WHERE name = 'hstore'",
        include_str!("sql/hstore.sql"),
    ),
];

/// The sum over `torture.accounts.balance`, in every snapshot of either side.
pub const TOTAL_BALANCE: i64 = 100_000;

/// Makes the schema `torture` with its first rows in the database at `source`, leaving out what the
/// server of `target` does not know, and the roles on both servers.
///
/// # Panics
/// Where a server refuses it.
pub async fn create_torture(source: &str, target: &str) {
    let source = expect(connect(source).await);
    let target = expect(connect(target).await);
    for client in [&source, &target] {
        expect(client.batch_execute(ROLES).await);
    }
    expect(source.batch_execute(TORTURE).await);
    for (probe, addition) in OPTIONAL {
        if able(&source, probe).await && able(&target, probe).await {
            expect(source.batch_execute(addition).await);
        }
    }
}

async fn able(client: &Client, probe: &str) -> bool {
    client.simple_query(probe).await.is_ok()
}

fn expect<T>(outcome: Result<T, Error>) -> T {
    outcome.unwrap_or_else(|error| panic!("the workload was refused: {}", describe(&error)))
}
