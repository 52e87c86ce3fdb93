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
        .groups_without_service(&role.name)
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
        if let Some(one) = OfAllTables::of(group) {
            if !(one.has)(found) {
                faults.push(fault(
                    one.what(&found.name, target),
                    one.remedy(&found.name, target),
                    false,
                ));
            }
        } else if !is_reserved(group) && !is_above(group, &lacking, source) {
            let to = map.target(group);
            faults.push(fault(
                format!("the role {} is no member of {to} on the target", found.name),
                membership(to, &found.name, target),
                !gives_anything(group, source),
            ));
        }
    }
    faults
}

/// The script of roles makes it where our role may: else whoever administers the group.
fn membership(group: &str, member: &str, target: &Roles) -> Remedy {
    let grant = Remedy::run(format!(
        "GRANT {} TO {}",
        quote_identifier(group),
        quote_identifier(member)
    ));
    if !target.may_grant(group) {
        return Remedy::from("on the target, by a role that administers it: ").then(grant);
    }
    Remedy::run("transhume roles --apply")
        .then(", or on the target: ")
        .then(grant)
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
            let here = source.groups_without_service(&role.name);
            let there = target.groups_of(map.target(&role.name));
            let mut all = OF_ALL_TABLES.iter();
            all.any(|one| here.contains(one.name) && !there.contains(one.name))
        })
        .map(|role| map.target(&role.name).to_owned())
        .collect()
}

impl OfAllTables {
    pub(super) fn of(group: &str) -> Option<&'static Self> {
        OF_ALL_TABLES.iter().find(|one| one.name == group)
    }

    fn what(&self, login: &str, target: &Roles) -> String {
        let there = if target.is_of_service() {
            "and on the target neither through it nor by rights of its own: the service may give it to nobody"
        } else {
            "and is no member of it on the target"
        };
        format!(
            "{login} {} the source's tables through {}, {there}",
            self.verb, self.name
        )
    }

    /// A service's operator is told of nothing that the service may refuse.
    fn remedy(&self, login: &str, target: &Roles) -> Remedy {
        let by_script = "\"transhume roles --apply\", once the tables are there: what the service gives to nobody it grants on each of them";
        if target.is_of_service() {
            return by_script.into();
        }
        Remedy::on_target(format!("GRANT {} TO {}", self.name, quote_identifier(login)))
            .then(", or ")
            .then(by_script)
    }

    /// What gives a login the same with each table that both sides have; none where it has it already, or no table is there.
    pub(super) fn on_each_table(&self, login: &str, source: &Roles, target: &Roles) -> Option<String> {
        if target.role(login).is_some_and(self.has) {
            return None;
        }
        let both = source
            .table_schemas
            .iter()
            .filter(|name| target.table_schemas.contains(name));
        let schemas: Vec<String> = both.map(|name| quote_identifier(name)).collect();
        let (schemas, login) = (schemas.join(", "), quote_identifier(login));
        (!schemas.is_empty()).then(|| {
            format!(
                "GRANT USAGE ON SCHEMA {schemas} TO {login}; GRANT {} ON ALL TABLES IN SCHEMA {schemas} TO {login}",
                self.privileges
            )
        })
    }
}

#[cfg(test)]
#[path = "by_membership_tests.rs"]
pub(super) mod tests;
