//! Owners and grants, as a statement on the source left them, made so on the target.
//!
//! An object is given away only to a role whose rights the session has: what is applied later is written as before. What the
//! target refuses is a finding with the statements; all else of the object is done.

use tokio_postgres::types::Json;
use transhume_core::{
    guard::access::{AccessFacts, AccessKind, AccessStep, Right, access_steps},
    role_map::RoleMap,
    selection::Selector,
};
use transhume_wire::ident::{QualifiedName, quote_identifier};

use super::{
    carrying_objects::{clear, tell_of_refusal},
    refusal::refusal,
};
use crate::{
    catalog::ownership::role_abilities,
    connection::{error::PgError, session::Session},
    follow::announcing::ACCESS,
};

/// Of what is selected and is there: a new table brings its own.
pub(super) async fn carry_access(
    session: &Session,
    told: &[AccessFacts],
    (selector, roles): (&Selector, &RoleMap),
) -> Result<(), PgError> {
    for now in told {
        if !selector.selects(&QualifiedName::new(now.schema.clone(), now.name.clone())) {
            continue;
        }
        if let Some(there) = there(session, now).await? {
            carry(session, now, &access_steps(now, &there, roles)).await?;
        }
    }
    Ok(())
}

async fn carry(session: &Session, now: &AccessFacts, steps: &[AccessStep]) -> Result<(), PgError> {
    let mut refused = Vec::new();
    let mut reason = String::new();
    for step in steps {
        let statement = statement(now, step);
        let why = match step {
            AccessStep::Own(role) if !is_usable(session, role).await? => Some(format!(
                "this session's role has not the rights of {}",
                quote_identifier(role)
            )),
            AccessStep::Own(role) => give(session, now, role, &statement).await?,
            _ => {
                let error = refusal(session, std::slice::from_ref(&statement)).await?;
                error.map(|error| error.to_string())
            }
        };
        if let Some(why) = why {
            refused.push(statement);
            reason = why;
        }
    }
    let names = [now.schema.clone(), now.name.clone()];
    let names = &names[..if now.name.is_empty() { 1 } else { 2 }];
    if !refused.is_empty() {
        tell_of_refusal(session, names, &refused, &reason).await
    } else if steps.is_empty() {
        Ok(())
    } else {
        clear(session, names).await
    }
}

/// An owner must be able to create in the schema, which one of the source may be without a grant.
async fn give(
    session: &Session,
    now: &AccessFacts,
    role: &str,
    statement: &str,
) -> Result<Option<String>, PgError> {
    let plainly = refusal(session, &[statement.to_owned()]).await?;
    if plainly.is_none() || now.kind == AccessKind::Schema {
        return Ok(plainly.map(|error| error.to_string()));
    }
    let (schema, role) = (quote_identifier(&now.schema), quote_identifier(role));
    let with_right = [
        format!("grant create on schema {schema} to {role}"),
        statement.to_owned(),
        format!("revoke create on schema {schema} from {role}"),
    ];
    let error = refusal(session, &with_right).await?;
    Ok(error.map(|error| error.to_string()))
}

async fn is_usable(session: &Session, role: &str) -> Result<bool, PgError> {
    let abilities = role_abilities(session, &[role.to_owned()]).await?;
    Ok(abilities.iter().all(|ability| ability.usable))
}

fn statement(now: &AccessFacts, step: &AccessStep) -> String {
    let on = &now.identity;
    let kind = match now.kind {
        AccessKind::Table => "table",
        AccessKind::Sequence => "sequence",
        AccessKind::Routine => "routine",
        AccessKind::Type => "type",
        AccessKind::Schema => "schema",
    };
    match step {
        AccessStep::Own(role) => format!("alter {kind} {on} owner to {}", quote_identifier(role)),
        AccessStep::Grant(right) => {
            let grantable = if right.is_grantable {
                " with grant option"
            } else {
                ""
            };
            format!(
                "grant {} on {kind} {on} to {}{grantable}",
                what(right),
                whom(right)
            )
        }
        AccessStep::Revoke(right) => {
            format!("revoke {} on {kind} {on} from {}", what(right), whom(right))
        }
        AccessStep::RevokeGrantOption(right) => {
            format!(
                "revoke grant option for {} on {kind} {on} from {}",
                what(right),
                whom(right)
            )
        }
    }
}

/// Privileges are the server's own words, of a list that the target's has too.
fn what(right: &Right) -> String {
    match &right.column {
        Some(column) => format!("{} ({})", right.privilege, quote_identifier(column)),
        None => right.privilege.clone(),
    }
}

fn whom(right: &Right) -> String {
    right
        .grantee
        .as_ref()
        .map_or_else(|| "public".to_owned(), |role| quote_identifier(role))
}

async fn there(session: &Session, now: &AccessFacts) -> Result<Option<AccessFacts>, PgError> {
    let rows = session
        .query(include_str!("sql/called.sql"), &[&now.schema, &now.name])
        .await?;
    let oids: Vec<u32> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let rows = session.query(ACCESS, &[&oids]).await?;
    let found: Vec<AccessFacts> = rows
        .iter()
        .map(|row| {
            let Json(described): Json<AccessFacts> = row.try_get("described")?;
            Ok(described)
        })
        .collect::<Result<_, PgError>>()?;
    let is_it = |there: &AccessFacts| there.kind == now.kind && there.identity == now.identity;
    Ok(found.into_iter().find(is_it))
}
