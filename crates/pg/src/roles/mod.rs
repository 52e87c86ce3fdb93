//! Reading the roles of a server, and running what they lack elsewhere.
//!
//! Owns the queries and the way of a secret: it goes to the server as a parameter, whose logging is hidden, and never stands in a
//! statement of ours. What the script holds is decided in core.

mod run;

use std::collections::BTreeMap;

use tokio_postgres::Client;
use transhume_core::roles::{Membership, MembershipOptions, Role, Roles, Secret, Setting};

pub use self::run::{Ending, StepOutcome, run};
use crate::connection::{error::PgError, session::Session};

/// All roles as this database sees them.
pub async fn roles(session: &Session) -> Result<Roles, PgError> {
    let client: &Client = session;
    let mut by_role: BTreeMap<String, Vec<Setting>> = BTreeMap::new();
    for row in client.query(include_str!("sql/settings.sql"), &[]).await? {
        by_role.entry(row.try_get("role")?).or_default().push(Setting {
            name: row.try_get("name")?,
            value: row.try_get("value")?,
            in_database: row.try_get("in_database")?,
            is_privileged: row.try_get("is_privileged")?,
        });
    }
    let mut roles = Vec::new();
    for row in client.query(include_str!("sql/roles.sql"), &[]).await? {
        let name: String = row.try_get("name")?;
        roles.push(Role {
            settings: by_role.remove(&name).unwrap_or_default(),
            name,
            superuser: row.try_get("superuser")?,
            is_bootstrap: row.try_get("is_bootstrap")?,
            inherits: row.try_get("inherits")?,
            creates_roles: row.try_get("creates_roles")?,
            creates_databases: row.try_get("creates_databases")?,
            may_log_in: row.try_get("may_log_in")?,
            replicates: row.try_get("replicates")?,
            bypasses_row_security: row.try_get("bypasses_row_security")?,
            connection_limit: row.try_get("connection_limit")?,
            valid_until: row.try_get("valid_until")?,
            comment: row.try_get("comment")?,
            owns: row.try_get("owns")?,
            owns_in_public: row.try_get("owns_in_public")?,
            is_used: row.try_get("is_used")?,
            sessions: row.try_get("sessions")?,
            may_connect: row.try_get("may_connect")?,
            creates_in_public: row.try_get("creates_in_public")?,
            owns_schemas: row.try_get("owns_schemas")?,
            creates_in_database: row.try_get("creates_in_database")?,
            is_self: row.try_get("is_self")?,
            is_usable: row.try_get("is_usable")?,
            ..Role::default()
        });
    }
    Ok(Roles {
        major: session.server_version().major(),
        database: one_text(client, "select pg_catalog.current_database()::text").await?,
        roles,
        memberships: memberships(client).await?,
        everybody_creates_in_public: everybody_creates_in_public(client).await?,
        table_schemas: table_schemas(client).await?,
    })
}

async fn memberships(client: &Client) -> Result<Vec<Membership>, PgError> {
    let rows = client.query(include_str!("sql/memberships.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            let inherit: Option<bool> = row.try_get("inherit")?;
            let set: Option<bool> = row.try_get("set")?;
            Ok(Membership {
                group: row.try_get("group_name")?,
                member: row.try_get("member_name")?,
                admin: row.try_get("admin")?,
                options: inherit
                    .zip(set)
                    .map(|(inherit, set)| MembershipOptions { inherit, set }),
            })
        })
        .collect()
}

async fn one_text(client: &Client, sql: &str) -> Result<String, PgError> {
    Ok(client.query_one(sql, &[]).await?.try_get(0)?)
}

async fn table_schemas(client: &Client) -> Result<Vec<String>, PgError> {
    let rows = client.query(include_str!("sql/table_schemas.sql"), &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Asks what these roles may do with each table by itself: each costs as many looks as there are tables.
pub async fn rights_to_all_tables(client: &Client, of: &mut Roles, names: &[String]) -> Result<(), PgError> {
    if names.is_empty() {
        return Ok(());
    }
    for row in client
        .query(include_str!("sql/rights_to_all_tables.sql"), &[&names])
        .await?
    {
        let name: String = row.try_get("name")?;
        let Some(role) = of.roles.iter_mut().find(|role| role.name == name) else {
            continue;
        };
        role.reads_all_tables = row.try_get("reads")?;
        role.writes_all_tables = row.try_get("writes")?;
    }
    Ok(())
}

/// The name `public` stands for everybody there.
async fn everybody_creates_in_public(client: &Client) -> Result<bool, PgError> {
    let asked = "select coalesce(pg_catalog.has_schema_privilege('public', pg_catalog.to_regnamespace('public'), 'CREATE'), false)";
    Ok(client.query_one(asked, &[]).await?.try_get(0)?)
}

/// By role; none where this session may not read them.
pub async fn secrets(source: &Client) -> Result<Option<BTreeMap<String, Secret>>, PgError> {
    let asked = "select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')";
    if !source.query_one(asked, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let rows = source.query(include_str!("sql/secrets.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get("role")?,
                Secret::new(row.try_get::<_, String>("secret")?),
            ))
        })
        .collect::<Result<_, PgError>>()
        .map(Some)
}
