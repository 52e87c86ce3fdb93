//! What is neither a table nor a sequence, and traits of tables that only the assessment asks for.

use tokio_postgres::Client;
use transhume_core::assess::observation::{
    EventTrigger, FiringTrigger, InheritedColumn, MaterializedView, NameColumn, Subscription, UnenforcedKey,
};
use transhume_wire::ident::QualifiedName;

use super::qualified_name;
use crate::connection::error::PgError;

const LARGE_OBJECTS: &str = include_str!("sql/large_objects.sql");
const MATERIALIZED_VIEWS: &str = include_str!("sql/materialized_views.sql");
const EVENT_TRIGGERS: &str = include_str!("sql/event_triggers.sql");
const SUBSCRIPTIONS: &str = include_str!("sql/subscriptions.sql");
const FIRING_TRIGGERS: &str = include_str!("sql/firing_triggers.sql");
const NAME_COLUMNS: &str = include_str!("sql/name_columns.sql");
pub(crate) const WORDS_OF_FUNCTIONS: &str = include_str!("sql/words_of_functions.sql");
const FOREIGN_KEYS: &str = include_str!("sql/foreign_keys.sql");
const NULLABLE_CHILDREN: &str = include_str!("sql/nullable_children.sql");
const UNENFORCED_KEYS: &str = include_str!("sql/unenforced_keys.sql");
const INHERITANCE_CHILDREN: &str = include_str!("sql/inheritance_children.sql");

/// Users' functions whose texts hold some of these words.
pub async fn words_of_functions<'a>(
    client: &Client,
    words: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<(String, Vec<String>)>, PgError> {
    let pattern = any_of(words);
    let rows = client.query(WORDS_OF_FUNCTIONS, &[&pattern]).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("function")?, row.try_get("words")?)))
        .collect()
}

/// The pattern that asks for them.
pub(crate) fn any_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    format!(r"\m({})\M", words.join("|"))
}

/// How many large objects there are.
pub async fn large_objects(client: &Client) -> Result<i64, PgError> {
    Ok(client.query_one(LARGE_OBJECTS, &[]).await?.try_get(0)?)
}

/// Materialized views in the order in which they can be refreshed.
pub async fn materialized_views(client: &Client) -> Result<Vec<MaterializedView>, PgError> {
    let rows = client.query(MATERIALIZED_VIEWS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(MaterializedView {
                oid: row.try_get("oid")?,
                name: qualified_name(row, "view_name")?,
                populated: row.try_get("populated")?,
                readable: row.try_get("readable")?,
                depth: row.try_get("depth")?,
            })
        })
        .collect()
}

pub async fn event_triggers(client: &Client) -> Result<Vec<EventTrigger>, PgError> {
    let rows = client.query(EVENT_TRIGGERS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(EventTrigger {
                name: row.try_get("name")?,
                occasion: row.try_get("occasion")?,
                fires: row.try_get("fires")?,
            })
        })
        .collect()
}

/// Subscriptions that feed the database.
pub async fn subscriptions(client: &Client) -> Result<Vec<Subscription>, PgError> {
    let rows = client.query(SUBSCRIPTIONS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Subscription {
                name: row.try_get("name")?,
                enabled: row.try_get("enabled")?,
                is_owned: row.try_get("is_owned")?,
            })
        })
        .collect()
}

/// A worker of one of these subscriptions is alive.
pub async fn has_feeding_workers(client: &Client, names: &[&str]) -> Result<bool, PgError> {
    let row = client
        .query_one(include_str!("sql/feeding_workers.sql"), &[&names])
        .await?;
    Ok(row.try_get(0)?)
}

/// Triggers that fire in replica role too.
pub async fn firing_triggers(client: &Client) -> Result<Vec<FiringTrigger>, PgError> {
    let rows = client.query(FIRING_TRIGGERS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(FiringTrigger {
                table: qualified_name(row, "table_name")?,
                name: row.try_get("trigger_name")?,
                mode: row.try_get("mode")?,
            })
        })
        .collect()
}

/// Columns whose values name objects or roles: their values must travel as text.
pub async fn name_columns(client: &Client) -> Result<Vec<NameColumn>, PgError> {
    let rows = client.query(NAME_COLUMNS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(NameColumn {
                table: qualified_name(row, "table_name")?,
                column: row.try_get("column_name")?,
                type_name: row.try_get("type_name")?,
            })
        })
        .collect()
}

/// Columns that take NULL although the table that they inherit from does not.
pub async fn nullable_children(client: &Client) -> Result<Vec<InheritedColumn>, PgError> {
    let rows = client.query(NULLABLE_CHILDREN, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(InheritedColumn {
                table: qualified_name(row, "table_name")?,
                column: row.try_get("column_name")?,
            })
        })
        .collect()
}

/// Foreign keys marked as valid that do not hold for what the application writes.
pub async fn unenforced_keys(client: &Client) -> Result<Vec<UnenforcedKey>, PgError> {
    let rows = client.query(UNENFORCED_KEYS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(UnenforcedKey {
                table: qualified_name(row, "table_name")?,
                name: row.try_get("constraint_name")?,
                orphans: row.try_get("orphans")?,
            })
        })
        .collect()
}

/// How many foreign keys there are.
pub async fn foreign_keys(client: &Client) -> Result<usize, PgError> {
    let row = client.query_one(FOREIGN_KEYS, &[]).await?;
    Ok(usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default())
}

/// Tables that inherit from an ordinary table.
pub async fn inheritance_children(client: &Client) -> Result<Vec<QualifiedName>, PgError> {
    names(client, INHERITANCE_CHILDREN).await
}

async fn names(client: &Client, sql: &str) -> Result<Vec<QualifiedName>, PgError> {
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(|row| qualified_name(row, "table_name")).collect()
}
