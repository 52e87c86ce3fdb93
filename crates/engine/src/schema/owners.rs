//! Owners of restored objects, as on the source where the target's roles allow it.
//!
//! An object is given away only to a role whose rights we have at once: otherwise we could not copy
//! into it any more. What cannot be given is one finding for each role.

use std::collections::BTreeMap;

use transhume_core::{
    count::counted,
    finding::{Finding, Remedy},
    roles::RoleMap,
    schema::archive::CatalogObject,
};
use transhume_pg::{
    catalog::ownership::{self, Ownership, RoleAbility},
    connection::session::Session,
};
use transhume_wire::ident::quote_identifier;

use crate::{
    endpoints::Sessions,
    error::{Doing, Result},
};

/// ALTER … OWNER locks each object until its transaction ends; the lock table is shared by all sessions.
const GROUP: usize = 1000;

pub(super) const CODE: &str = "owner-not-set";

/// Ownerships that can be set, and findings for those that cannot.
pub(super) struct OwnerPlan {
    pub(super) possible: Vec<Ownership>,
    pub(super) findings: Vec<Finding>,
}

pub(super) async fn plan(
    Sessions { source, target }: Sessions<'_>,
    objects: &[CatalogObject],
    map: &RoleMap,
) -> Result<OwnerPlan> {
    let all = ownership::ownerships(source, objects)
        .await
        .doing("reading the owners on the source")?;
    let mut by_role: BTreeMap<String, Vec<Ownership>> = BTreeMap::new();
    for mut one in all {
        let owner = map.target(&one.owner).to_owned();
        one.is_of_first_superuser &= owner == one.owner;
        one.owner.clone_from(&owner);
        by_role.entry(owner).or_default().push(one);
    }
    let roles: Vec<String> = by_role.keys().cloned().collect();
    let abilities = ownership::role_abilities(target, &roles)
        .await
        .doing("reading the roles of the target")?;
    let mut plan = OwnerPlan {
        possible: Vec::new(),
        findings: Vec::new(),
    };
    for ability in abilities.iter().filter(|ability| !ability.own) {
        let Some(owned) = by_role.remove(&ability.role) else {
            continue;
        };
        if ability.usable {
            plan.possible.extend(owned);
        } else {
            plan.findings.push(not_possible(ability, &owned));
        }
    }
    Ok(plan)
}

fn not_possible(ability: &RoleAbility, owned: &[Ownership]) -> Finding {
    let role = quote_identifier(&ability.role);
    let (reason, remedy) = if ability.exists {
        (
            "this session's role is not a member of it",
            format!("GRANT {role} TO CURRENT_USER"),
        )
    } else {
        (
            "that role does not exist on the target",
            format!("CREATE ROLE {role}; GRANT {role} TO CURRENT_USER"),
        )
    };
    let remedy = if owned.iter().any(|one| one.is_of_first_superuser) {
        // The script of roles does not make it: its name says more than a role of the target can be.
        Remedy::from(format!(
            "let another role of the target stand for it: transhume run --roles {role}=…"
        ))
    } else {
        Remedy::on_target(remedy)
            .then(" (\"transhume roles --apply\" does it for all roles); it is tried again at the next start")
    };
    let message = format!(
        "on the source {role} owns {owned}; {reason}",
        owned = count(owned)
    );
    Finding::warning(CODE, &ability.role, message, remedy)
}

/// `12 objects (table "s"."t" …)`
fn count(owned: &[Ownership]) -> String {
    let first = &owned[0];
    match owned.len() {
        1 => format!("{} {}", first.kind, first.identity),
        more => format!(
            "{} ({} {} …)",
            counted(more, "object"),
            first.kind,
            first.identity
        ),
    }
}

/// Gives the objects to their owners; what the server refuses is returned as findings, one for each
/// role and reason.
pub(super) async fn set(target: &mut Session, ownerships: &[Ownership]) -> Result<Vec<Finding>> {
    let mut refused: BTreeMap<(String, String), Vec<Ownership>> = BTreeMap::new();
    for group in ownerships.chunks(GROUP) {
        let failed = ownership::give(target, group).await.doing("setting the owners")?;
        for (one, message) in failed {
            refused.entry((one.owner.clone(), message)).or_default().push(one);
        }
    }
    Ok(refused
        .into_iter()
        .map(|((role, message), owned)| {
            let quoted = quote_identifier(&role);
            let text = format!("{} could not be given to {quoted}: {message}", count(&owned));
            Finding::warning(CODE, &role, text, Remedy::run(owned[0].statement()))
        })
        .collect())
}
