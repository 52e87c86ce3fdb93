//! What brings a former state back: a kind and the names that it is about, never a statement.
//!
//! A row of `transhume.deviation` holds these values; the statement is worded here when it is run or shown. So nothing is
//! executed because a row says so: whoever could write the row could at most name another object of a kind that
//! this program changes.

use serde::{Deserialize, Serialize};
use transhume_core::table::{ReplicaIdentity, Table};
use transhume_wire::ident::{QualifiedName, quote_identifier, quote_literal};

use crate::connection::names;

/// One step back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Undo {
    /// A publication of this program's.
    DropPublication { name: OwnName },
    /// A schema of this program's on the source, with the event triggers that call its functions.
    DropDdlSchema { name: OwnName },
    /// A slot of this program's.
    DropSlot { name: OwnName },
    RestoreIdentity {
        table: QualifiedName,
        identity: FormerIdentity,
    },
    /// A trigger or rule that was disabled.
    Enable {
        table: QualifiedName,
        what: FiringKind,
        name: String,
        mode: FiringMode,
    },
    /// Rights to write that a fence took away.
    Grant {
        on: Lockable,
        object: QualifiedName,
        privileges: Vec<Privilege>,
        /// None: everybody.
        grantee: Option<String>,
        grantable: bool,
    },
    /// Rights to write that our own role was given behind the fence.
    Revoke {
        on: Lockable,
        objects: Vec<QualifiedName>,
        role: String,
    },
    /// New sessions of the database may write by default again.
    ResetReadOnly { database: String },
    /// What feeds the source goes on feeding it.
    EnableSubscription { name: String },
    /// PgBouncer lets the clients of an entry go on. Told to people; the console is asked by itself.
    ResumeClients { entry: String },
}

/// A name that this program gives: nothing else of the kind is ever dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OwnName(String);

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no name that this program gives")]
pub struct StrangeName(String);

impl TryFrom<String> for OwnName {
    type Error = StrangeName;

    fn try_from(name: String) -> Result<Self, StrangeName> {
        if names::is_ours(&name) {
            Ok(Self(name))
        } else {
            Err(StrangeName(name))
        }
    }
}

impl From<OwnName> for String {
    fn from(name: OwnName) -> Self {
        name.0
    }
}

impl OwnName {
    /// For a name that was made by [`names`].
    pub fn made(name: &str) -> Self {
        Self::try_from(name.to_owned()).expect("the names of this program are made in one place")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormerIdentity {
    Default,
    Nothing,
    Index(String),
}

impl FormerIdentity {
    /// What a table had; an identity whose index was dropped is none.
    pub fn of(table: &Table) -> Self {
        match (table.replica_identity, &table.identity_index) {
            (ReplicaIdentity::Index, Some(index)) => Self::Index(index.clone()),
            (ReplicaIdentity::Index, None) | (ReplicaIdentity::Nothing, _) => Self::Nothing,
            (ReplicaIdentity::Default | ReplicaIdentity::Full, _) => Self::Default,
        }
    }

    /// As ALTER TABLE takes it.
    pub fn words(&self) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::Nothing => "nothing".to_owned(),
            Self::Index(name) => format!("using index {}", quote_identifier(name)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FiringKind {
    Trigger,
    Rule,
}

impl FiringKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Trigger => "TRIGGER",
            Self::Rule => "RULE",
        }
    }
}

/// `pg_trigger.tgenabled`, but for disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FiringMode {
    Origin,
    Replica,
    Always,
}

/// What a fence takes rights on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

impl Undo {
    /// Harmless where there is nothing to undo, but for a slot, which is dropped by [`slot::drop`].
    pub fn statement(&self) -> String {
        match self {
            Self::DropPublication { name } => drop_publication(name.as_str()),
            Self::DropDdlSchema { name } => drop_ddl_schema(name.as_str()),
            Self::DropSlot { name } => drop_slot(name.as_str()),
            Self::RestoreIdentity { table, identity } => format!(
                "alter table if exists only {table} replica identity {}",
                identity.words()
            ),
            Self::Enable {
                table,
                what,
                name,
                mode,
            } => {
                let mode = match mode {
                    FiringMode::Origin => "",
                    FiringMode::Replica => "REPLICA ",
                    FiringMode::Always => "ALWAYS ",
                };
                format!(
                    "ALTER TABLE ONLY {table} ENABLE {mode}{} {}",
                    what.word(),
                    quote_identifier(name)
                )
            }
            Self::Grant {
                on,
                object,
                privileges,
                grantee: role,
                grantable,
            } => {
                let option = if *grantable { " with grant option" } else { "" };
                format!(
                    "grant {} on {} {object} to {}{option}",
                    listed(privileges),
                    on.word(),
                    grantee(role.as_deref())
                )
            }
            Self::Revoke { on, objects, role } => {
                let objects: Vec<String> = objects.iter().map(ToString::to_string).collect();
                format!(
                    "revoke {} on {} {} from {}",
                    on.writing(),
                    on.word(),
                    objects.join(", "),
                    quote_identifier(role)
                )
            }
            Self::ResetReadOnly { database } => format!(
                "alter database {} reset default_transaction_read_only",
                quote_identifier(database)
            ),
            Self::EnableSubscription { name } => {
                let enable = format!(
                    "begin if exists (select from pg_catalog.pg_subscription where subname = {}) then \
                     alter subscription {} enable; end if; end",
                    quote_literal(name),
                    quote_identifier(name)
                );
                format!("do {}", quote_literal(&enable))
            }
            Self::ResumeClients { entry } => format!("RESUME {entry}"),
        }
    }
}

/// The statements of several, in their order.
pub fn statements<'undo>(undo: impl IntoIterator<Item = &'undo Undo>) -> Vec<String> {
    undo.into_iter().map(Undo::statement).collect()
}

/// The statement that removes a publication; harmless when it is not there.
pub fn drop_publication(name: &str) -> String {
    format!("drop publication if exists {}", quote_identifier(name))
}

/// What announces statements; its event triggers go with the functions that they call.
pub fn drop_ddl_schema(schema: &str) -> String {
    format!("drop schema if exists {} cascade", quote_identifier(schema))
}

/// The statement that removes a slot, for people; `follow::slot` has what does it.
fn drop_slot(name: &str) -> String {
    format!(
        "select pg_catalog.pg_drop_replication_slot({})",
        quote_literal(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_whatever_they_hold() {
        let hostile = || QualifiedName::new("app", "t; drop table \"x\"");
        let undo = [
            Undo::Grant {
                on: Lockable::Table,
                object: hostile(),
                privileges: vec![
                    Privilege {
                        right: Right::Delete,
                        column: None,
                    },
                    Privilege {
                        right: Right::Update,
                        column: Some("a\", b".to_owned()),
                    },
                ],
                grantee: Some("public".to_owned()),
                grantable: true,
            },
            Undo::RestoreIdentity {
                table: hostile(),
                identity: FormerIdentity::Index("i".to_owned()),
            },
            Undo::Enable {
                table: hostile(),
                what: FiringKind::Rule,
                name: "r".to_owned(),
                mode: FiringMode::Always,
            },
            Undo::EnableSubscription {
                name: "o'clock".to_owned(),
            },
        ];
        assert_eq!(
            statements(&undo),
            [
                r#"grant DELETE, UPDATE ("a"", b") on table "app"."t; drop table ""x""" to "public" with grant option"#,
                r#"alter table if exists only "app"."t; drop table ""x""" replica identity using index "i""#,
                r#"ALTER TABLE ONLY "app"."t; drop table ""x""" ENABLE ALWAYS RULE "r""#,
                r#"do 'begin if exists (select from pg_catalog.pg_subscription where subname = ''o''''clock'') then alter subscription "o''clock" enable; end if; end'"#,
            ]
        );
    }

    #[test]
    fn a_row_can_name_nothing_but_what_this_program_makes() {
        let read = |json: &str| serde_json::from_str::<Undo>(json);
        assert!(read(r#"{"undo": "drop-publication", "name": "transhume_0123abcd"}"#).is_ok());
        for forged in [
            r#"{"undo": "drop-publication", "name": "orders"}"#,
            r#"{"undo": "drop-slot", "name": "standby"}"#,
            r#"{"undo": "alter role evil superuser"}"#,
            r#"{"undo": "drop-slot", "name": "transhume_0123abcd", "statement": "select 1"}"#,
            r#""alter role evil superuser""#,
        ] {
            assert!(read(forged).is_err(), "{forged}");
        }
    }
}
