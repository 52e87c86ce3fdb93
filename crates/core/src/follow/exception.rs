//! A change that was not applied, whole: enough to make it by hand later.
//!
//! Values are what the stream sent, by column name. Invariant: what the server did not send (an unchanged
//! value) is left out; it is never stored as null.

use std::collections::BTreeMap;

use transhume_wire::pgoutput::ColumnValue;

use crate::follow::change::{Change, RowIdentity};

/// By column name; none is null.
pub type Values = BTreeMap<String, Option<String>>;

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

/// `columns` are the names of the relation's columns in the stream's order.
pub fn stored(change: &Change, columns: &[String]) -> StoredChange {
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
        key: key.map(|key| values(key, columns)),
        old: old.map(|row| values(row.0.iter().enumerate(), columns)),
        new: new.map(|row| values(row.0.iter().enumerate(), columns)),
    }
}

fn values<'a>(row: impl Iterator<Item = (usize, &'a ColumnValue)>, columns: &[String]) -> Values {
    row.filter_map(|(index, value)| {
        let text = match value {
            ColumnValue::Unchanged => return None,
            ColumnValue::Null => None,
            // Sent as text in UTF-8; binary values are never asked for.
            ColumnValue::Text(bytes) | ColumnValue::Binary(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
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
        let stored = stored(&change, &columns());
        assert_eq!(stored.operation, "update");
        assert_eq!(stored.key, Some([("id".to_owned(), Some("7".to_owned()))].into()));
        assert_eq!(stored.old, None);
        let new = [("id".to_owned(), Some("8".to_owned())), ("note".to_owned(), None)];
        assert_eq!(stored.new, Some(new.into()));
    }

    #[test]
    fn a_row_without_a_key_is_kept_whole() {
        let row = Tuple(vec![text("1"), text("x"), ColumnValue::Null]);
        let change = Change::Delete {
            relation: 1,
            identity: RowIdentity::WholeRow(row),
        };
        let stored = stored(&change, &columns());
        assert_eq!((stored.key, stored.new), (None, None));
        assert_eq!(stored.old.unwrap().len(), 3);
        let truncate = Change::Truncate {
            relations: vec![1],
            cascade: false,
            restart_identity: false,
        };
        assert_eq!(super::stored(&truncate, &[]).operation, "truncate");
    }
}
