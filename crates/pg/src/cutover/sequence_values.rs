//! Setting sequences on the target.

use tokio_postgres::{Client, types::Type};
use transhume_core::sequence::SequenceValue;
use transhume_wire::ident::QualifiedName;

use crate::connection::error::PgError;

/// Sets all in one statement; answers with the names that the target does not have.
pub async fn set_sequences(
    target: &Client,
    values: &[(QualifiedName, SequenceValue)],
) -> Result<Vec<QualifiedName>, PgError> {
    let names: Vec<_> = values.iter().map(|(name, _)| name.lookup()).collect();
    let last_values: Vec<_> = values.iter().map(|(_, value)| value.value).collect();
    let called: Vec<_> = values.iter().map(|(_, value)| value.is_called).collect();
    let rows = target
        .query_typed(
            include_str!("sql/set_sequences.sql"),
            &[
                (&names, Type::TEXT_ARRAY),
                (&last_values, Type::INT8_ARRAY),
                (&called, Type::BOOL_ARRAY),
            ],
        )
        .await?;
    let mut missing = Vec::new();
    for row in &rows {
        let number: i64 = row.try_get("number")?;
        let index = usize::try_from(number - 1).expect("invariant: ordinality counts from 1");
        if let Some((name, _)) = values.get(index) {
            missing.push(name.clone());
        }
    }
    Ok(missing)
}
