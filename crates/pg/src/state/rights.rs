//! Rights of writing, as a fence takes them and an undoing gives them back.
//!
//! Refuses any other right: what a row of the state names is one of these.

use serde::{Deserialize, Serialize};
use transhume_wire::ident::quote_identifier;

/// What a fence takes rights on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lockable {
    Table,
    Sequence,
}

impl Lockable {
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Sequence => "sequence",
        }
    }

    /// All rights of writing that there are on one.
    pub fn writing(self) -> &'static str {
        match self {
            Self::Table => "insert, update, delete, truncate",
            Self::Sequence => "usage, update",
        }
    }
}

/// A right of writing, on the whole object or one column of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Privilege {
    pub right: Right,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Right {
    Insert,
    Update,
    Delete,
    Truncate,
    Usage,
}

impl Right {
    /// As the server names it in an access control list.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "INSERT" => Self::Insert,
            "UPDATE" => Self::Update,
            "DELETE" => Self::Delete,
            "TRUNCATE" => Self::Truncate,
            "USAGE" => Self::Usage,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::Usage => "USAGE",
        }
    }
}

/// As GRANT and REVOKE take them.
pub fn listed(privileges: &[Privilege]) -> String {
    let words = privileges.iter().map(|privilege| match &privilege.column {
        Some(column) => format!("{} ({})", privilege.right.word(), quote_identifier(column)),
        None => privilege.right.word().to_owned(),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// As GRANT and REVOKE take it; none is everybody.
pub fn grantee(role: Option<&str>) -> String {
    role.map_or_else(|| "public".to_owned(), quote_identifier)
}
