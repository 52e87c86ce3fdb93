//! What a login of the source may do there through the roles that it is a member of, and could not on the target.
//!
//! Of predefined roles only those count that read or write every table: without them a client fails. A target whose service
//! gives them to nobody is as good where the login may do the same with each table by itself.

use std::collections::BTreeSet;

use transhume_wire::ident::quote_identifier;

use super::{LoginFault, Role, RoleMap, Roles, chosen::is_reserved};
use crate::{finding::Remedy, sides::Sides};

/// A predefined role that reads or writes every table.
pub(super) struct OfAllTables {
    pub(super) name: &'static str,
    verb: &'static str,
    privileges: &'static str,
    /// The login may do the same with each table.
    has: fn(&Role) -> bool,
}

pub(super) const OF_ALL_TABLES: [OfAllTables; 2] = [
    OfAllTables {
        name: "pg_read_all_data",
        verb: "reads",
        privileges: "SELECT",
        has: |role| role.reads_all_tables,
    },
    OfAllTables {
        name: "pg_write_all_data",
        verb: "writes",
        privileges: "INSERT, UPDATE, DELETE",
        has: |role| role.writes_all_tables,
    },
];

/// The faults of a login that both sides have.
pub(super) fn faults(role: &Role, found: &Role, sides: Sides<&Roles>, map: &RoleMap) -> Vec<LoginFault> {
    let Sides { source, target } = sides;
    if found.superuser {
        return Vec::new();
    }
    let there = target.groups_of(&found.name);
    let lacking: BTreeSet<&str> = source
        .groups_of(&role.name)
        .into_iter()
        .filter(|group| {
            let to = map.target(group);
            to != found.name && !there.contains(to)
        })
        .collect();
    let fault = |what, remedy, is_slight| LoginFault {
        role: role.name.clone(),
        what,
        remedy,
        is_slight,
    };
    let mut faults = Vec::new();
    for group in &lacking {
        if let Some(one) = OF_ALL_TABLES.iter().find(|one| one.name == *group) {
            if !(one.has)(found) {
                faults.push(fault(
                    one.what(&found.name),
                    one.remedy(&found.name, source),
                    false,
                ));
            }
        } else if !is_reserved(group) && !is_above(group, &lacking, source) {
            let to = map.target(group);
            faults.push(fault(
                format!("the role {} is no member of {to} on the target", found.name),
                Remedy::run("transhume roles --apply")
                    .then(", or on the target: ")
                    .then(Remedy::run(format!(
                        "GRANT {} TO {}",
                        quote_identifier(to),
                        quote_identifier(&found.name)
                    ))),
                !gives_anything(group, source),
            ));
        }
    }
    faults
}

/// It comes with another role that is lacking.
fn is_above(group: &str, lacking: &BTreeSet<&str>, source: &Roles) -> bool {
    lacking
        .iter()
        .any(|other| *other != group && source.groups_of(other).contains(group))
}

/// Some right in this database comes with it.
fn gives_anything(group: &str, source: &Roles) -> bool {
    let mut all = source.groups_of(group);
    all.insert(group);
    all.into_iter()
        .any(|name| source.role(name).is_some_and(|role| role.is_used || role.owns))
}

/// Logins, as the target calls them, that depend there on what they may do with each table by itself.
pub fn without_all_tables(source: &Roles, target: &Roles, map: &RoleMap) -> Vec<String> {
    let logins = source.roles.iter().filter(|role| role.may_log_in);
    logins
        .filter(|role| {
            let here = source.groups_of(&role.name);
            let there = target.groups_of(map.target(&role.name));
            let mut all = OF_ALL_TABLES.iter();
            all.any(|one| here.contains(one.name) && !there.contains(one.name))
        })
        .map(|role| map.target(&role.name).to_owned())
        .collect()
}

impl OfAllTables {
    fn what(&self, login: &str) -> String {
        format!(
            "{login} {} the source's tables through {}, and is no member of it on the target",
            self.verb, self.name
        )
    }

    fn remedy(&self, login: &str, source: &Roles) -> Remedy {
        let login = quote_identifier(login);
        let member = Remedy::on_target(format!("GRANT {} TO {login}", self.name));
        let schemas: Vec<String> = source
            .table_schemas
            .iter()
            .map(|name| quote_identifier(name))
            .collect();
        if schemas.is_empty() {
            return member;
        }
        let schemas = schemas.join(", ");
        member
            .then("; where the service gives it to nobody, once the tables are there: ")
            .then(Remedy::run(format!(
                "GRANT USAGE ON SCHEMA {schemas} TO {login}; GRANT {} ON ALL TABLES IN SCHEMA {schemas} TO {login}",
                self.privileges
            )))
    }
}

#[cfg(test)]
#[path = "by_membership_tests.rs"]
mod tests;
