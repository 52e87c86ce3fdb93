//! What brings a former state back: a kind and the names that it is about, never a statement.
//!
//! A row of `transhume.deviation` holds these values; the statement is worded here when it is run or shown. So nothing is
//! executed because a row says so: whoever could write the row could at most name another object of a kind that
//! this program changes.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use transhume_core::table::{ReplicaIdentity, Table};
use transhume_wire::ident::{QualifiedName, quote_identifier, quote_literal};

use super::rights::{Lockable, Privilege, grantee, listed};
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

impl Undo {
    /// A grant as what comes before its object, the object, and what comes behind.
    fn around_object(&self) -> Option<(String, &QualifiedName, String)> {
        let Self::Grant {
            on,
            object,
            privileges,
            grantee: role,
            grantable,
        } = self
        else {
            return None;
        };
        let before = format!("grant {} on {} ", listed(privileges), on.word());
        let option = if *grantable { " with grant option" } else { "" };
        Some((
            before,
            object,
            format!(" to {}{option}", grantee(role.as_deref())),
        ))
    }

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
            Self::Grant { .. } => {
                let (before, object, behind) = self.around_object().expect("it is a grant");
                format!("{before}{object}{behind}")
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
                    "begin if exists (select from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid \
                     where d.datname = pg_catalog.current_database() and s.subname = {}) then \
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

/// The statements of several, in their order; grants that differ in nothing but their object are one, in the place of
/// the first.
pub fn statements<'undo>(undo: impl IntoIterator<Item = &'undo Undo>) -> Vec<String> {
    let mut said: Vec<(String, String)> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for one in undo {
        let Some((before, object, behind)) = one.around_object() else {
            said.push((one.statement(), String::new()));
            continue;
        };
        let next = said.len();
        let place = places.entry((before.clone(), behind.clone()));
        match said.get_mut(*place.or_insert(next)) {
            Some((begun, _)) => {
                begun.push_str(", ");
                begun.push_str(&object.to_string());
            }
            None => said.push((format!("{before}{object}"), behind)),
        }
    }
    said.into_iter().map(|(begun, end)| begun + &end).collect()
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
    use super::{super::rights::Right, *};

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
                r#"do 'begin if exists (select from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid where d.datname = pg_catalog.current_database() and s.subname = ''o''''clock'') then alter subscription "o''clock" enable; end if; end'"#,
            ]
        );
    }

    #[test]
    fn grants_that_differ_in_their_object_alone_are_one_statement() {
        let grant = |name: &str, right, grantee: Option<&str>| Undo::Grant {
            on: Lockable::Table,
            object: QualifiedName::new("app", name),
            privileges: vec![Privilege { right, column: None }],
            grantee: grantee.map(str::to_owned),
            grantable: false,
        };
        let reset = Undo::ResetReadOnly {
            database: "shop".to_owned(),
        };
        let undo = [
            grant("a", Right::Insert, None),
            grant("a", Right::Insert, Some("clerk")),
            grant("b", Right::Insert, None),
            reset,
            grant("b", Right::Update, Some("clerk")),
            grant("c", Right::Insert, None),
        ];
        assert_eq!(
            statements(&undo),
            [
                r#"grant INSERT on table "app"."a", "app"."b", "app"."c" to public"#,
                r#"grant INSERT on table "app"."a" to "clerk""#,
                r#"alter database "shop" reset default_transaction_read_only"#,
                r#"grant UPDATE on table "app"."b" to "clerk""#,
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
