//! One row operation, and how the row that it meant is found again.
//!
//! Owns the rules of replica identity: which columns of which image identify the old row. With a key,
//! only identity columns of the old image mean anything; without an old image the key did not change
//! and is in the new one; a key value that neither image holds is an error, never a guess. Unchanged
//! values stay marked as such in `new`: whoever writes them leaves the column out.

use transhume_wire::pgoutput::{ColumnValue, OldTuple, Relation, Tuple};

/// A row operation of the stream, with the identity of the row that it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Insert {
        relation: u32,
        new: Tuple,
    },
    Update {
        relation: u32,
        identity: RowIdentity,
        new: Tuple,
    },
    Delete {
        relation: u32,
        identity: RowIdentity,
    },
    Truncate {
        relations: Vec<u32>,
        cascade: bool,
        restart_identity: bool,
    },
}

impl Change {
    /// The relations that it touches.
    pub fn relations(&self) -> &[u32] {
        match self {
            Self::Insert { relation, .. } | Self::Update { relation, .. } | Self::Delete { relation, .. } => {
                std::slice::from_ref(relation)
            }
            Self::Truncate { relations, .. } => relations,
        }
    }

    /// What it takes in memory, its values included: of narrow rows these are the smaller part.
    pub fn bytes(&self) -> usize {
        let of_values = match self {
            Self::Insert { new, .. } => bytes_of(&new.0),
            Self::Update { identity, new, .. } => bytes_of(&new.0) + identity.bytes(),
            Self::Delete { identity, .. } => identity.bytes(),
            Self::Truncate { .. } => 0,
        };
        size_of::<Self>() + of_values
    }
}

impl RowIdentity {
    fn bytes(&self) -> usize {
        match self {
            Self::Key(key) => bytes_of(key.iter().map(|(_, value)| value)),
            Self::WholeRow(row) => bytes_of(&row.0),
        }
    }
}

fn bytes_of<'a>(values: impl IntoIterator<Item = &'a ColumnValue>) -> usize {
    let bytes = |value: &ColumnValue| {
        let content = match value {
            ColumnValue::Text(bytes) | ColumnValue::Binary(bytes) => bytes.len(),
            ColumnValue::Null | ColumnValue::Unchanged => 0,
        };
        size_of::<ColumnValue>() + content
    };
    values.into_iter().map(bytes).sum()
}

/// What the row was like before the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowIdentity {
    /// Value of each identity column, by its index in the relation, ascending. Never null, never
    /// unchanged.
    Key(Vec<(usize, ColumnValue)>),
    /// The whole row (replica identity full); it need not be unique.
    WholeRow(Tuple),
}

/// A change whose old row cannot be identified. It must not be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error("neither row image of a change holds the value of key column {column}")]
    ValueNotSent { column: String },
    #[error("the value of key column {column} is null")]
    NullKey { column: String },
    #[error("relation has no replica identity")]
    NoIdentity,
    #[error("the old row image does not fit the relation's replica identity")]
    WrongImage,
}

/// The identity of the row that an update changed.
pub fn identity_of_update(
    relation: &Relation,
    old: Option<OldTuple>,
    new: &Tuple,
) -> Result<RowIdentity, IdentityError> {
    match old {
        Some(old) => identity_of_old(relation, old),
        None if relation.replica_identity == b'f' => Err(IdentityError::WrongImage),
        None => key_values(relation, new).map(RowIdentity::Key),
    }
}

/// The identity that an old row image gives.
pub fn identity_of_old(relation: &Relation, old: OldTuple) -> Result<RowIdentity, IdentityError> {
    match (old, relation.replica_identity) {
        (OldTuple::Full(row), b'f') => Ok(RowIdentity::WholeRow(row)),
        (OldTuple::Key(key), b'd' | b'i') => key_values(relation, &key).map(RowIdentity::Key),
        _ => Err(IdentityError::WrongImage),
    }
}

fn key_values(relation: &Relation, image: &Tuple) -> Result<Vec<(usize, ColumnValue)>, IdentityError> {
    let mut key = Vec::new();
    for (index, (column, value)) in relation.columns.iter().zip(&image.0).enumerate() {
        if !column.is_key {
            continue;
        }
        let column = || column.name.clone();
        match value {
            ColumnValue::Unchanged => return Err(IdentityError::ValueNotSent { column: column() }),
            ColumnValue::Null => return Err(IdentityError::NullKey { column: column() }),
            ColumnValue::Text(_) | ColumnValue::Binary(_) => key.push((index, value.clone())),
        }
    }
    if key.is_empty() {
        return Err(IdentityError::NoIdentity);
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use transhume_wire::{ident::QualifiedName, pgoutput::RelationColumn};

    use super::*;

    /// Columns `id` (key), `body`, `part` (key).
    fn relation(replica_identity: u8) -> Relation {
        let column = |name: &str, is_key| RelationColumn {
            is_key,
            name: name.to_owned(),
            type_oid: 25,
            type_modifier: -1,
        };
        Relation {
            id: 1,
            name: QualifiedName::new("public", "t"),
            replica_identity,
            columns: vec![column("id", true), column("body", false), column("part", true)],
        }
    }

    fn text(value: &'static str) -> ColumnValue {
        ColumnValue::Text(Bytes::from_static(value.as_bytes()))
    }

    fn key(id: &'static str, part: &'static str) -> RowIdentity {
        RowIdentity::Key(vec![(0, text(id)), (2, text(part))])
    }

    #[test]
    fn without_an_old_image_the_key_is_in_the_new_one() {
        let new = Tuple(vec![text("1"), ColumnValue::Unchanged, text("a")]);

        assert_eq!(identity_of_update(&relation(b'd'), None, &new), Ok(key("1", "a")));
    }

    #[test]
    fn of_a_key_image_only_identity_columns_count() {
        let old = OldTuple::Key(Tuple(vec![text("1"), ColumnValue::Null, text("a")]));
        let new = Tuple(vec![text("2"), text("x"), text("a")]);

        assert_eq!(
            identity_of_update(&relation(b'i'), Some(old), &new),
            Ok(key("1", "a"))
        );
    }

    #[test]
    fn an_unsent_key_is_taken_from_the_old_image() {
        let old = OldTuple::Key(Tuple(vec![text("1"), ColumnValue::Null, text("a")]));
        let new = Tuple(vec![ColumnValue::Unchanged, text("x"), text("a")]);

        assert_eq!(
            identity_of_update(&relation(b'd'), Some(old), &new),
            Ok(key("1", "a"))
        );
    }

    #[test]
    fn a_key_that_neither_image_holds_is_an_error() {
        let new = Tuple(vec![ColumnValue::Unchanged, text("x"), text("a")]);
        let error = IdentityError::ValueNotSent {
            column: "id".to_owned(),
        };

        assert_eq!(identity_of_update(&relation(b'd'), None, &new), Err(error));
    }

    #[test]
    fn a_null_in_the_key_is_an_error() {
        let old = OldTuple::Key(Tuple(vec![text("1"), ColumnValue::Null, ColumnValue::Null]));
        let error = IdentityError::NullKey {
            column: "part".to_owned(),
        };

        assert_eq!(identity_of_old(&relation(b'd'), old), Err(error));
    }

    #[test]
    fn full_identity_takes_the_whole_old_row_and_nothing_less() {
        let row = Tuple(vec![text("1"), ColumnValue::Null, text("a")]);
        let full = relation(b'f');

        assert_eq!(
            identity_of_old(&full, OldTuple::Full(row.clone())),
            Ok(RowIdentity::WholeRow(row.clone()))
        );
        assert_eq!(
            identity_of_old(&full, OldTuple::Key(row.clone())),
            Err(IdentityError::WrongImage)
        );
        assert_eq!(
            identity_of_update(&full, None, &row),
            Err(IdentityError::WrongImage)
        );
    }

    #[test]
    fn a_relation_without_key_columns_identifies_nothing() {
        let mut keyless = relation(b'd');
        keyless
            .columns
            .iter_mut()
            .for_each(|column| column.is_key = false);
        let new = Tuple(vec![text("1"), text("x"), text("a")]);

        assert_eq!(
            identity_of_update(&keyless, None, &new),
            Err(IdentityError::NoIdentity)
        );
    }
}
