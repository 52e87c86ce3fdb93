//! Grants of writing: what a fence takes away for good, and how it is given back.
//!
//! Refuses to run anything: the fence does, in its transaction. Invariants: whatever takes the grants away is as many
//! statements as there are different sets of grantees, however many tables there are; each grant is given back as it was.

use std::collections::{BTreeMap, BTreeSet};

use transhume_core::{sequence::Sequence, table::Table};
use transhume_wire::ident::QualifiedName;

use crate::{
    connection::{error::PgError, session::Session},
    state::{
        rights::{self, Lockable, Privilege, Right},
        undo::Undo,
    },
};

/// A grant of writing on a table, some of its columns or a sequence that the fence takes away for good.
#[derive(Debug, Clone)]
pub struct WriteGrant {
    object: QualifiedName,
    kind: Lockable,
    /// None: everybody.
    grantee: Option<String>,
    privileges: Vec<Privilege>,
    grantable: bool,
}

/// What takes all of them away: one statement for all objects with the same grantees, which changes each object once and
/// fires event triggers once. All rights of writing go, whichever of them somebody has; those of columns go along.
pub fn revoke_statements(grants: &[WriteGrant]) -> Vec<String> {
    let mut grantees: BTreeMap<(Lockable, &QualifiedName), BTreeSet<String>> = BTreeMap::new();
    for grant in grants {
        let object = grantees.entry((grant.kind, &grant.object)).or_default();
        object.insert(rights::grantee(grant.grantee.as_deref()));
    }
    let mut alike: BTreeMap<(Lockable, BTreeSet<String>), Vec<String>> = BTreeMap::new();
    for ((kind, object), grantees) in grantees {
        alike
            .entry((kind, grantees))
            .or_default()
            .push(object.to_string());
    }
    // Cascade: what a grantee granted on is in the list by itself.
    let statement = |((kind, grantees), objects): ((Lockable, BTreeSet<String>), Vec<String>)| {
        let grantees: Vec<String> = grantees.into_iter().collect();
        format!(
            "revoke {} on {} {} from {} cascade",
            kind.writing(),
            kind.word(),
            objects.join(", "),
            grantees.join(", ")
        )
    };
    alike.into_iter().map(statement).collect()
}

impl WriteGrant {
    /// What gives it back.
    pub fn restore(&self) -> Undo {
        Undo::Grant {
            on: self.kind,
            object: self.object.clone(),
            privileges: self.privileges.clone(),
            grantee: self.grantee.clone(),
            grantable: self.grantable,
        }
    }
}

/// Every grant of writing on these tables and sequences, the owner's own included.
pub async fn all(
    session: &Session,
    tables: &[Table],
    sequences: &[Sequence],
) -> Result<Vec<WriteGrant>, PgError> {
    let of_tables = tables.iter().map(|table| table.oid);
    let oids: Vec<u32> = of_tables
        .chain(sequences.iter().map(|sequence| sequence.oid))
        .collect();
    let rows = session
        .query(include_str!("sql/write_grants.sql"), &[&oids])
        .await?;
    rows.iter().map(write_grant).collect()
}

fn write_grant(row: &tokio_postgres::Row) -> Result<WriteGrant, PgError> {
    let (rights, columns): (Vec<&str>, Vec<Option<String>>) = (row.get("rights"), row.get("columns"));
    let privileges: Option<BTreeSet<Privilege>> = rights
        .into_iter()
        .zip(columns)
        .map(|(right, column)| {
            let right = Right::named(right)?;
            Some(Privilege { right, column })
        })
        .collect();
    Ok(WriteGrant {
        object: QualifiedName::new(
            row.get::<_, String>("schema_name"),
            row.get::<_, String>("object_name"),
        ),
        kind: if row.get("is_sequence") {
            Lockable::Sequence
        } else {
            Lockable::Table
        },
        grantee: row.get("grantee"),
        privileges: privileges
            .ok_or_else(|| PgError::Protocol {
                endpoint: "pg_class.relacl".to_owned(),
                reason: "a right of writing that this program does not know".to_owned(),
            })?
            .into_iter()
            .collect(),
        grantable: row.get("is_grantable"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(kind: Lockable, name: &str, grantee: Option<&str>, right: Right) -> WriteGrant {
        WriteGrant {
            object: QualifiedName::new("app", name),
            kind,
            grantee: grantee.map(str::to_owned),
            privileges: vec![Privilege { right, column: None }],
            grantable: false,
        }
    }

    #[test]
    fn all_objects_with_the_same_grantees_are_one_statement() {
        let table = |name, grantee, right| grant(Lockable::Table, name, grantee, right);
        let grants = [
            table("a", Some("owner"), Right::Update),
            table("a", None, Right::Insert),
            table("b", Some("owner"), Right::Delete),
            table("b", None, Right::Insert),
            table("c", Some("owner"), Right::Insert),
            grant(Lockable::Sequence, "s", Some("owner"), Right::Usage),
        ];
        assert_eq!(
            revoke_statements(&grants),
            [
                r#"revoke insert, update, delete, truncate on table "app"."c" from "owner" cascade"#,
                r#"revoke insert, update, delete, truncate on table "app"."a", "app"."b" from "owner", public cascade"#,
                r#"revoke usage, update on sequence "app"."s" from "owner" cascade"#,
            ]
        );
    }
}
