//! A change that was not applied, whole: enough to make it by hand later.
//!
//! Values are what the stream sent, by column name: text, or its bytes where it is in another encoding than UTF-8, which the
//! target may have refused for just that. Invariant: what the server did not send (an unchanged value) is left out; it is
//! never stored as null.

use std::{collections::BTreeMap, fmt::Write as _};

use transhume_wire::pgoutput::ColumnValue;

use crate::{
    follow::change::{Change, RowIdentity},
    value_encoding,
};

/// By column name; none is null.
pub type Values = BTreeMap<String, Option<StoredValue>>;

/// A value as it can be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredValue {
    Text(String),
    /// In hexadecimal digits, two for each byte.
    Bytes {
        digits: String,
        encoding: String,
    },
}

impl StoredValue {
    fn of(bytes: &[u8], encoding: &str) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) if encoding == value_encoding::USUAL || text.is_ascii() => Self::Text(text.to_owned()),
            _ => {
                let mut digits = String::with_capacity(2 * bytes.len());
                for byte in bytes {
                    write!(digits, "{byte:02x}").expect("invariant: a String takes all that is written");
                }
                Self::Bytes {
                    digits,
                    encoding: encoding.to_owned(),
                }
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChange {
    /// insert, update, delete or truncate.
    pub operation: &'static str,
    /// Values of the replica identity, where the row has a key.
    pub key: Option<Values>,
    /// The whole old row, where the stream has it.
    pub old: Option<Values>,
    pub new: Option<Values>,
}

/// `columns` are the names of the relation's columns in the stream's order, `encoding` is what values came in.
pub fn stored(change: &Change, columns: &[String], encoding: &str) -> StoredChange {
    let (operation, identity, new) = match change {
        Change::Insert { new, .. } => ("insert", None, Some(new)),
        Change::Update { identity, new, .. } => ("update", Some(identity), Some(new)),
        Change::Delete { identity, .. } => ("delete", Some(identity), None),
        Change::Truncate { .. } => ("truncate", None, None),
    };
    let (key, old) = match identity {
        Some(RowIdentity::Key(key)) => (Some(key.iter().map(|(index, value)| (*index, value))), None),
        Some(RowIdentity::WholeRow(row)) => (None, Some(row)),
        None => (None, None),
    };
    StoredChange {
        operation,
        key: key.map(|key| values(key, columns, encoding)),
        old: old.map(|row| values(row.0.iter().enumerate(), columns, encoding)),
        new: new.map(|row| values(row.0.iter().enumerate(), columns, encoding)),
    }
}

fn values<'a>(
    row: impl Iterator<Item = (usize, &'a ColumnValue)>,
    columns: &[String],
    encoding: &str,
) -> Values {
    row.filter_map(|(index, value)| {
        let text = match value {
            ColumnValue::Unchanged => return None,
            ColumnValue::Null => None,
            // Binary values are never asked for.
            ColumnValue::Text(bytes) | ColumnValue::Binary(bytes) => Some(StoredValue::of(bytes, encoding)),
        };
        Some((columns.get(index)?.clone(), text))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use transhume_wire::pgoutput::Tuple;

    use super::*;

    fn text(value: &'static str) -> ColumnValue {
        ColumnValue::Text(value.into())
    }

    fn columns() -> Vec<String> {
        ["id", "body", "note"].map(str::to_owned).into()
    }

    #[test]
    fn an_update_keeps_its_key_and_what_was_sent_of_the_new_row() {
        let change = Change::Update {
            relation: 1,
            identity: RowIdentity::Key(vec![(0, text("7"))]),
            new: Tuple(vec![text("8"), ColumnValue::Unchanged, ColumnValue::Null]),
        };
        let stored = stored(&change, &columns(), "UTF8");
        let text = |value: &str| Some(StoredValue::Text(value.to_owned()));
        assert_eq!(stored.operation, "update");
        assert_eq!(stored.key, Some([("id".to_owned(), text("7"))].into()));
        assert_eq!(stored.old, None);
        let new = [("id".to_owned(), text("8")), ("note".to_owned(), None)];
        assert_eq!(stored.new, Some(new.into()));
    }

    #[test]
    fn what_is_not_ascii_in_another_encoding_is_kept_as_its_bytes() {
        let bytes = |encoding: &str, bytes: &[u8]| StoredValue::of(bytes, encoding);
        assert_eq!(bytes("EUC_JP", b"ab"), StoredValue::Text("ab".to_owned()));
        assert_eq!(
            bytes("UTF8", "\u{e9}".as_bytes()),
            StoredValue::Text("\u{e9}".to_owned())
        );
        // These two bytes would be another character if they were taken for UTF-8.
        let kept = StoredValue::Bytes {
            digits: "c3a9".to_owned(),
            encoding: "EUC_JP".to_owned(),
        };
        assert_eq!(bytes("EUC_JP", &[0xc3, 0xa9]), kept);
    }

    #[test]
    fn a_row_without_a_key_is_kept_whole() {
        let row = Tuple(vec![text("1"), text("x"), ColumnValue::Null]);
        let change = Change::Delete {
            relation: 1,
            identity: RowIdentity::WholeRow(row),
        };
        let stored = stored(&change, &columns(), "UTF8");
        assert_eq!((stored.key, stored.new), (None, None));
        assert_eq!(stored.old.unwrap().len(), 3);
        let truncate = Change::Truncate {
            relations: vec![1],
            cascade: false,
            restart_identity: false,
        };
        assert_eq!(super::stored(&truncate, &[], "UTF8").operation, "truncate");
    }
}
