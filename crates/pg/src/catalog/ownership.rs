//! Who owns the objects of an archive, and what this session may do for these roles on the target.

use tokio_postgres::Client;
use transhume_core::schema::archive::CatalogObject;
use transhume_wire::ident::quote_identifier;

use crate::connection::{attempt::attempt_each, error::PgError};

/// An object with its owner on the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    pub object: CatalogObject,
    pub owner: String,
    /// The owner is the source's first superuser, which a managed service gives to nobody.
    pub is_of_first_superuser: bool,
    /// As `ALTER` names the kind: `table`, `operator class` …
    pub kind: String,
    /// Quoted and schema-qualified.
    pub identity: String,
    /// Quoted; none for what is in no schema.
    pub schema: Option<String>,
}

impl Ownership {
    /// `ALTER TABLE "s"."t" OWNER TO "r"`
    pub fn statement(&self) -> String {
        format!(
            "ALTER {} {} OWNER TO {}",
            self.kind,
            self.identity,
            quote_identifier(&self.owner)
        )
    }

    /// The same where the owner may not create in the schema: it may for the length of the statement. An owner must be able to
    /// create there, which a superuser of the source is without a grant.
    pub fn with_right_in_schema(&self) -> Option<String> {
        let schema = self.schema.as_ref()?;
        let (owner, statement) = (quote_identifier(&self.owner), self.statement());
        Some(format!(
            "GRANT CREATE ON SCHEMA {schema} TO {owner}; {statement}; REVOKE CREATE ON SCHEMA {schema} FROM {owner}"
        ))
    }

    pub fn is_schema(&self) -> bool {
        self.kind == "schema"
    }
}

/// What the session's role can do for another role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAbility {
    pub role: String,
    pub exists: bool,
    /// Objects can be given to it and still be worked on.
    pub usable: bool,
    /// It is the session's own role.
    pub own: bool,
}

/// Owners on the source, schemas first.
pub async fn ownerships(source: &Client, objects: &[CatalogObject]) -> Result<Vec<Ownership>, PgError> {
    let classes: Vec<u32> = objects.iter().map(|object| object.class).collect();
    let oids: Vec<u32> = objects.iter().map(|object| object.oid).collect();
    let rows = source
        .query(include_str!("sql/owners.sql"), &[&classes, &oids])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Ownership {
                object: CatalogObject {
                    class: row.try_get("class")?,
                    oid: row.try_get("object")?,
                },
                owner: row.try_get("owner")?,
                is_of_first_superuser: row.try_get("is_first_superuser")?,
                kind: row.try_get("kind")?,
                identity: row.try_get("identity")?,
                schema: row.try_get("schema")?,
            })
        })
        .collect()
}

pub async fn role_abilities(target: &Client, roles: &[String]) -> Result<Vec<RoleAbility>, PgError> {
    let rows = target
        .query(include_str!("sql/role_abilities.sql"), &[&roles])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(RoleAbility {
                role: row.try_get("name")?,
                exists: row.try_get("role_exists")?,
                usable: row.try_get("usable")?,
                own: row.try_get("is_self")?,
            })
        })
        .collect()
}

/// Gives the objects to their owners in one transaction; returns those refused, with the server's message.
pub async fn give(
    target: &mut Client,
    ownerships: &[Ownership],
) -> Result<Vec<(Ownership, String)>, PgError> {
    let statements: Vec<String> = ownerships.iter().map(Ownership::statement).collect();
    let refused = attempt_each(target, &statements).await?;
    let refused: Vec<(Ownership, String)> = refused
        .into_iter()
        .map(|(number, message)| (ownerships[number].clone(), message))
        .collect();
    let (in_schemas, mut left): (Vec<_>, Vec<_>) =
        refused.into_iter().partition(|(one, _)| one.schema.is_some());
    let statements: Vec<String> = in_schemas
        .iter()
        .filter_map(|(one, _)| one.with_right_in_schema())
        .collect();
    let refused = attempt_each(target, &statements).await?;
    left.extend(refused.into_iter().map(|(number, _)| in_schemas[number].clone()));
    Ok(left)
}
