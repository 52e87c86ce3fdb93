//! How a server's or the driver's error becomes ours. What a server's text hides is escaped here: it is printed to terminals.

use std::error::Error as _;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;
use transhume_wire::printable::escape_hidden;

use super::{PgError, ServerError};

/// The longest text kept of one field, in characters: some servers quote whole rows.
const LONGEST_FIELD: usize = 10_000;

impl ServerError {
    /// Reads the fields of an ErrorResponse or NoticeResponse; what is malformed is left empty.
    pub(crate) fn from_fields(mut fields: ErrorFields<'_>) -> Self {
        let mut error = Self {
            sqlstate: String::new(),
            message: String::new(),
            detail: None,
            hint: None,
            context: None,
            table: None,
            constraint: None,
        };
        let (mut schema, mut table) = (None, None);
        while let Ok(Some(field)) = fields.next() {
            let value = clean(&String::from_utf8_lossy(field.value_bytes()));
            match field.type_() {
                b'C' => error.sqlstate = value,
                b'M' => error.message = value,
                b'D' => error.detail = Some(value),
                b'H' => error.hint = Some(value),
                b'W' => error.context = Some(value),
                b's' => schema = Some(value),
                b't' => table = Some(value),
                b'n' => error.constraint = Some(value),
                _ => {}
            }
        }
        error.table = qualified(schema, table);
        error
    }
}

impl From<&tokio_postgres::error::DbError> for ServerError {
    fn from(error: &tokio_postgres::error::DbError) -> Self {
        Self {
            sqlstate: error.code().code().to_owned(),
            message: clean(error.message()),
            detail: error.detail().map(clean),
            hint: error.hint().map(clean),
            context: error.where_().map(clean),
            table: qualified(error.schema().map(clean), error.table().map(clean)),
            constraint: error.constraint().map(clean),
        }
    }
}

impl From<ServerError> for PgError {
    fn from(error: ServerError) -> Self {
        Self::Server(Box::new(error))
    }
}

impl From<tokio_postgres::Error> for PgError {
    fn from(error: tokio_postgres::Error) -> Self {
        let endpoint = || "the server".to_owned();
        if let Some(server) = error.as_db_error() {
            return ServerError::from(server).into();
        }
        let input_output = error
            .source()
            .and_then(|source| source.downcast_ref::<std::io::Error>());
        if error.is_closed() {
            return Self::Lost {
                endpoint: endpoint(),
                reason: "the connection is closed".to_owned(),
            };
        }
        // The driver wraps malformed answers in io::Error as well, with these kinds.
        let malformed = |kind| {
            matches!(
                kind,
                std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData
            )
        };
        match input_output {
            Some(cause) if !malformed(cause.kind()) => Self::Lost {
                endpoint: endpoint(),
                reason: clean(&cause.to_string()),
            },
            _ => {
                let cause = error
                    .source()
                    .map(|source| format!(": {source}"))
                    .unwrap_or_default();
                Self::Protocol {
                    endpoint: endpoint(),
                    reason: clean(&format!("{error}{cause}")),
                }
            }
        }
    }
}

fn qualified(schema: Option<String>, table: Option<String>) -> Option<String> {
    table.map(|table| schema.map_or(table.clone(), |schema| format!("{schema}.{table}")))
}

/// Text for a terminal: what cannot be seen is escaped.
fn clean(text: &str) -> String {
    let kept: String = text.chars().take(LONGEST_FIELD).collect();
    escape_hidden(&kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\tc\nd\u{9b}"), "a\\u{1b}[31mb\tc\nd\\u{9b}");
    }
}
