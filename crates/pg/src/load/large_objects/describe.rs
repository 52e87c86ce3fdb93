//! What a large object is besides its content, and the statements that make it so on the target.

use serde::{Deserialize, Serialize};
use transhume_wire::ident::{quote_identifier, quote_literal};

use super::{Roles, oid_array, unreadable};
use crate::connection::{error::PgError, raw::RawConnection};

/// One object; equal ones need nothing done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeObject {
    pub oid: u32,
    pub owner: String,
    pub comment: Option<String>,
    /// In a fixed order.
    pub grants: Vec<Grant>,
    /// Of the content, where it was asked for.
    #[serde(default)]
    pub digest: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// None: everybody.
    pub grantee: Option<String>,
    pub privilege: String,
    pub grantable: bool,
}

/// Those of the objects that exist.
pub async fn describe(connection: &mut RawConnection, oids: &[u32]) -> Result<Vec<LargeObject>, PgError> {
    let rows = connection
        .query(include_str!("sql/describe.sql"), &[Some(&oid_array(oids))])
        .await?;
    parse(&rows)
}

/// Objects with OIDs above `after` up to `end`, with digests of their contents.
pub async fn describe_page(
    connection: &mut RawConnection,
    after: u32,
    end: u32,
) -> Result<Vec<LargeObject>, PgError> {
    let (after, end) = (after.to_string(), end.to_string());
    let rows = connection
        .query(include_str!("sql/describe_page.sql"), &[Some(&after), Some(&end)])
        .await?;
    parse(&rows)
}

/// The OID that ends the next page of `objects` above `after`; none when there are none.
pub async fn next_page(
    connection: &mut RawConnection,
    after: u32,
    objects: u32,
) -> Result<Option<u32>, PgError> {
    let rows = connection
        .query(
            include_str!("sql/page_end.sql"),
            &[Some(&after.to_string()), Some(&objects.to_string())],
        )
        .await?;
    let end = rows
        .first()
        .and_then(|row| row.first())
        .and_then(Option::as_deref);
    end.map(|text| text.parse().map_err(|_| unreadable(text)))
        .transpose()
}

fn parse(rows: &[Vec<Option<String>>]) -> Result<Vec<LargeObject>, PgError> {
    let texts = rows.iter().filter_map(|row| row.first()?.as_deref());
    texts
        .map(|text| serde_json::from_str(text).map_err(|error| unreadable(&error.to_string())))
        .collect()
}

impl LargeObject {
    /// What it can become on a target with these roles: an owner that cannot be set stays the session's
    /// role, and grants to roles that are missing fall away, as do the owner's own.
    #[must_use]
    pub fn on_target(&self, roles: &Roles) -> Self {
        let owner = if roles.can_own(&self.owner) {
            self.owner.clone()
        } else {
            roles.own.clone()
        };
        let grants = self.grants.iter().filter(|grant| {
            grant.grantee.as_ref() != Some(&self.owner)
                && grant.grantee.as_ref() != Some(&owner)
                && grant.grantee.as_ref().is_none_or(|role| roles.exists(role))
        });
        Self {
            grants: grants.cloned().collect(),
            owner,
            ..self.clone()
        }
    }

    /// Roles that it names.
    pub fn roles(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.owner).chain(self.grants.iter().filter_map(|grant| grant.grantee.as_ref()))
    }

    /// Without the owner's own grants.
    #[must_use]
    pub fn without_own_grants(mut self) -> Self {
        let owner = self.owner.clone();
        self.grants.retain(|grant| grant.grantee.as_ref() != Some(&owner));
        self
    }

    /// What makes a new object of ours the one described.
    pub(super) fn statements(&self, roles: &Roles) -> Vec<String> {
        let wanted = self.on_target(roles);
        let oid = self.oid;
        let mut statements = Vec::new();
        if wanted.owner != roles.own {
            let owner = quote_identifier(&wanted.owner);
            statements.push(format!("ALTER LARGE OBJECT {oid} OWNER TO {owner}"));
        }
        for grant in &wanted.grants {
            let grantee = grant
                .grantee
                .as_deref()
                .map_or_else(|| "PUBLIC".to_owned(), quote_identifier);
            let option = if grant.grantable { " WITH GRANT OPTION" } else { "" };
            statements.push(format!(
                "GRANT {} ON LARGE OBJECT {oid} TO {grantee}{option}",
                grant.privilege
            ));
        }
        if let Some(comment) = &wanted.comment {
            statements.push(format!(
                "COMMENT ON LARGE OBJECT {oid} IS {}",
                quote_literal(comment)
            ));
        }
        statements
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn grant(grantee: Option<&str>, privilege: &str) -> Grant {
        Grant {
            grantee: grantee.map(str::to_owned),
            privilege: privilege.to_owned(),
            grantable: false,
        }
    }

    #[test]
    fn an_object_becomes_what_the_target_s_roles_allow() {
        let roles = Roles {
            own: "migrator".to_owned(),
            usable: HashMap::from([("ann".to_owned(), true), ("bob".to_owned(), false)]),
        };
        let mut object = LargeObject {
            oid: 7,
            owner: "ann".to_owned(),
            comment: Some("it's".to_owned()),
            grants: vec![
                grant(None, "SELECT"),
                grant(Some("ann"), "SELECT"),
                grant(Some("bob"), "UPDATE"),
                grant(Some("gone"), "SELECT"),
            ],
            digest: String::new(),
        };
        assert_eq!(
            object.statements(&roles),
            [
                r#"ALTER LARGE OBJECT 7 OWNER TO "ann""#,
                "GRANT SELECT ON LARGE OBJECT 7 TO PUBLIC",
                r#"GRANT UPDATE ON LARGE OBJECT 7 TO "bob""#,
                "COMMENT ON LARGE OBJECT 7 IS 'it''s'",
            ]
        );
        object.owner = "bob".to_owned();
        let wanted = object.on_target(&roles);
        assert_eq!(wanted.owner, "migrator");
        assert_eq!(
            wanted.grants,
            [grant(None, "SELECT"), grant(Some("ann"), "SELECT")]
        );
    }
}
