//! Rights of the two roles: what they may not do, and what that costs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use transhume_wire::ident::{QualifiedName, quote_identifier};

use super::{
    capability::{Attempt, Capabilities},
    identity::is_publishable,
    observation::{Observed, TableRights},
    platform::{Platform, remedy},
};
use crate::{
    count::listed,
    finding::{Finding, Remedy},
    roles::is_reserved,
    table::{RowSecurity, Table},
};

/// Nobody but its owner creates there from PostgreSQL 15 on.
const PUBLIC: &str = "public";

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    [
        replication(observed),
        publication(observed),
        ownership(observed),
        reading(observed),
        row_security(observed),
        target_rights(observed),
        replica_role(observed),
        signal_backend(observed),
        roles(observed),
    ]
    .concat()
}

fn replication(observed: &Observed) -> Vec<Finding> {
    let source = &observed.source.capabilities;
    match &source.replication_connection {
        Attempt::Refused(reason) => vec![Finding::blocker(
            "replication-right",
            &source.role,
            format!("the source refuses a replication connection: {reason}"),
            remedy::replication(source),
        )],
        Attempt::NotTried if !source.replication && !source.superuser => vec![Finding::blocker(
            "replication-right",
            &source.role,
            format!("the role {} may not replicate", source.role),
            remedy::replication_right(source),
        )],
        Attempt::Allowed | Attempt::NotTried => vec![Finding::pass(
            "replication-right",
            format!("the role {} may replicate from the source", source.role),
        )],
    }
}

fn publication(observed: &Observed) -> Vec<Finding> {
    let source = &observed.source.capabilities;
    // Tables of other owners are told one owner at a time below.
    let Some(reason) = source.create_publication.refusal() else {
        return vec![Finding::pass(
            "publication-right",
            format!("the role {} may create a publication on the source", source.role),
        )];
    };
    vec![Finding::blocker(
        "publication-right",
        &source.role,
        format!("the source refuses a publication of the selected tables: {reason}"),
        Remedy::run(format!(
            "grant create on database {} to {};\n-- and where it is no member of a table's owner: see table-ownership",
            quote_identifier(&source.database),
            quote_identifier(&source.role)
        )),
    )]
}

fn rights_by_table(observed: &Observed) -> HashMap<u32, TableRights> {
    observed
        .source
        .rights
        .iter()
        .map(|rights| (rights.oid, *rights))
        .collect()
}

fn ownership(observed: &Observed) -> Vec<Finding> {
    let rights = rights_by_table(observed);
    let role = &observed.source.capabilities.role;
    let mut by_owner: BTreeMap<&str, Vec<&QualifiedName>> = BTreeMap::new();
    for table in observed
        .selected_with_rows()
        .filter(|table| is_publishable(table))
    {
        if rights.get(&table.oid).is_some_and(|rights| !rights.owned) {
            by_owner.entry(&table.owner).or_default().push(&table.name);
        }
    }
    let findings = by_owner
        .into_iter()
        .map(|(owner, tables)| {
            Finding::blocker(
                "table-ownership",
                owner,
                format!(
                    "only the owner may publish a table, and {role} is no member of {owner}, which owns {}",
                    listed(tables.iter().map(|table| table.plain()))
                ),
                Remedy::run(format!(
                    "grant {} to {};",
                    quote_identifier(owner),
                    quote_identifier(role)
                )),
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "table-ownership",
        format!("{role} may publish every selected table"),
    )
}

fn reading(observed: &Observed) -> Vec<Finding> {
    let rights = rights_by_table(observed);
    let role = &observed.source.capabilities.role;
    let mut by_schema: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for table in observed.selected_with_rows() {
        if rights.get(&table.oid).is_some_and(|rights| !rights.readable) {
            by_schema
                .entry(&table.name.schema)
                .or_default()
                .push(table.name.plain());
        }
    }
    let findings = by_schema
        .into_iter()
        .map(|(schema, tables)| {
            let (schema_name, role_name) = (quote_identifier(schema), quote_identifier(role));
            Finding::blocker(
                "table-reading",
                schema,
                format!("{role} may not read {}", listed(tables)),
                Remedy::run(format!(
                    "grant usage on schema {schema_name} to {role_name}; \
                     grant select on all tables in schema {schema_name} to {role_name};"
                )),
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "table-reading",
        format!("{role} may read every selected table"),
    )
}

fn row_security(observed: &Observed) -> Vec<Finding> {
    let rights = rights_by_table(observed);
    let mut findings = Vec::new();
    let hidden = tables(observed, |table| {
        rights
            .get(&table.oid)
            .is_some_and(|rights| rights.row_security_active)
    });
    if !hidden.is_empty() && !observed.source.capabilities.bypass_row_security {
        findings.push(bypass_needed("source", &observed.source.capabilities, &hidden));
    }
    let forced = tables(observed, |table| table.row_security == RowSecurity::Forced);
    if !forced.is_empty() && !observed.target.capabilities.bypass_row_security {
        findings.push(bypass_needed("target", &observed.target.capabilities, &forced));
    }
    Finding::or_pass(
        findings,
        "row-security",
        "no policy hides rows of the selected tables from us",
    )
}

/// First version on which Azure lets an administrator give BYPASSRLS away.
const AZURE_BYPASSES_SINCE: u32 = 16;

fn bypass_needed(end: &str, capabilities: &Capabilities, tables: &[&QualifiedName]) -> Finding {
    let role = &capabilities.role;
    let unforced: Vec<String> = tables
        .iter()
        .map(|table| format!("alter table {table} no force row level security;"))
        .collect();
    let unforced =
        Remedy::from("on the source, for the time of the migration: ").then(Remedy::run(unforced.join(" ")));
    let is_azure = matches!(
        Platform::of(capabilities),
        Platform::Azure | Platform::AzureElastic
    );
    let remedy = if is_azure && capabilities.server_version.major() < AZURE_BYPASSES_SINCE {
        unforced
    } else {
        Remedy::from(format!("on the {end}: "))
            .then(Remedy::run(format!(
                "alter role {} bypassrls;",
                quote_identifier(role)
            )))
            .then(" or ")
            .then(unforced)
    };
    Finding::blocker(
        "row-security",
        end,
        format!(
            "policies would hide rows from the role {role} on the {end}: {}",
            listed(tables.iter().map(|table| table.plain()))
        ),
        remedy,
    )
}

fn tables(observed: &Observed, wanted: impl Fn(&Table) -> bool) -> Vec<&QualifiedName> {
    observed
        .selected_with_rows()
        .filter(|table| wanted(table))
        .map(|table| &table.name)
        .collect()
}

fn target_rights(observed: &Observed) -> Vec<Finding> {
    let target = &observed.target.capabilities;
    let in_public = |table: &Table| table.name.schema == PUBLIC;
    if !target.creates_in_public && !observed.context.resuming && observed.selected().any(in_public) {
        return vec![Finding::blocker(
            "target-create",
            PUBLIC,
            format!(
                "the role {} may not create in schema public of the target",
                target.role
            ),
            Remedy::from("on the target, by the owner of the database or an administrator: ").then(
                Remedy::run(format!(
                    "grant usage, create on schema public to {};",
                    quote_identifier(&target.role)
                )),
            ),
        )];
    }
    match target.create_schema.refusal() {
        Some(reason) => vec![Finding::blocker(
            "target-create",
            &target.role,
            format!("the target refuses to create a schema: {reason}"),
            Remedy::on_target(format!(
                "grant create on database {} to {};",
                quote_identifier(&target.database),
                quote_identifier(&target.role)
            )),
        )],
        None => vec![Finding::pass(
            "target-create",
            format!("the role {} may create schemas on the target", target.role),
        )],
    }
}

fn replica_role(observed: &Observed) -> Vec<Finding> {
    let target = &observed.target.capabilities;
    match target.replica_role.refusal() {
        Some(reason) => vec![Finding::warning(
            "replica-role",
            &target.role,
            format!(
                "the target refuses session_replication_role ({reason}); user triggers stay disabled and foreign \
                 keys are added at the cutover"
            ),
            match Platform::of(target) {
                Platform::Plain => {
                    Remedy::from("nothing needs doing; from PostgreSQL 15 on a superuser may allow it: ")
                        .then(Remedy::run(format!(
                            "grant set on parameter session_replication_role to {};",
                            quote_identifier(&target.role)
                        )))
                }
                _ => Remedy::from("nothing needs doing"),
            },
        )],
        None => vec![Finding::pass(
            "replica-role",
            "changes are applied in replica role: triggers and foreign keys of the target keep still",
        )],
    }
}

fn signal_backend(observed: &Observed) -> Vec<Finding> {
    let source = &observed.source.capabilities;
    if source.signal_backend {
        return vec![Finding::pass(
            "signal-backend",
            format!(
                "the role {} may end sessions on the source at the cutover",
                source.role
            ),
        )];
    }
    vec![Finding::warning(
        "signal-backend",
        &source.role,
        format!(
            "the role {} may not end other sessions, so the cutover can only wait for writers",
            source.role
        ),
        Remedy::run(format!(
            "grant pg_signal_backend to {};",
            quote_identifier(&source.role)
        )),
    )]
}

fn owns_tables(observed: &Observed, role: &str) -> bool {
    observed.source.tables.iter().any(|table| table.owner == role)
}

fn roles(observed: &Observed) -> Vec<Finding> {
    let present: BTreeSet<&str> = observed.target.roles.iter().map(String::as_str).collect();
    let findings = observed
        .source
        .roles
        .iter()
        .filter(|role| !present.contains(observed.context.roles.target(role)))
        // What the migration itself was granted there moves nowhere, unless it owns tables.
        .filter(|role| **role != observed.source.capabilities.role || owns_tables(observed, role))
        .map(|role| {
            Finding::warning(
                "roles-missing",
                role,
                format!(
                    "the role {role} owns or is granted something on the source and is not on the target"
                ),
                missing_role_remedy(role, &observed.target.capabilities.role),
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "roles-missing",
        "every role with objects or grants exists on the target",
    )
}

/// As the script of roles treats it: what belongs to the source's service is made nowhere else.
fn missing_role_remedy(role: &str, own: &str) -> Remedy {
    let stand_in = format!("let another one of the target stand for it (--roles {role}=…)");
    let otherwise = format!("else its grants are left out and its objects belong to {own}");
    if is_reserved(role) {
        return format!("{stand_in}; {otherwise}").into();
    }
    Remedy::from("run \"transhume roles --apply\", or on the target: ")
        .then(Remedy::run(format!("create role {};", quote_identifier(role))))
        .then(format!(" or {stand_in}; {otherwise}"))
}

#[cfg(test)]
#[path = "right_tests.rs"]
mod tests;
