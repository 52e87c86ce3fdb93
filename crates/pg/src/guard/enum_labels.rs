//! Enums with their labels, and the statement that adds one.

use transhume_core::guard::enum_labels::{self, EnumType, MissingLabel, Place};
use transhume_wire::ident::{QualifiedName, quote_literal};

use crate::connection::{error::PgError, session::Session};

/// What the target's enums lack of the source's, in the order to be added.
pub async fn missing(source: &Session, target: &Session) -> Result<Vec<MissingLabel>, PgError> {
    let (source, target) = (all(source).await?, all(target).await?);
    Ok(enum_labels::missing(&source, &target))
}

/// Commits by itself only outside a transaction; what is added can be used once it is committed.
pub fn add_statement(missing: &MissingLabel) -> String {
    let place = match &missing.place {
        Place::After(label) => format!(" after {}", quote_literal(label)),
        Place::Before(label) => format!(" before {}", quote_literal(label)),
        Place::Alone => String::new(),
    };
    format!(
        "alter type {} add value if not exists {}{place}",
        missing.enum_type,
        quote_literal(&missing.label)
    )
}

async fn all(session: &Session) -> Result<Vec<EnumType>, PgError> {
    let rows = session.query(include_str!("sql/enum_labels.sql"), &[]).await?;
    Ok(rows
        .iter()
        .map(|row| EnumType {
            name: QualifiedName::new(
                row.get::<_, String>("schema_name"),
                row.get::<_, String>("type_name"),
            ),
            labels: row.get("labels"),
        })
        .collect())
}
