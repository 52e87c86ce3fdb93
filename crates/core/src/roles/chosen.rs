//! Which roles of the source belong to the database: who owns, is granted something or has a session there or may read or
//! write all of it, whoever is a member of these, and all groups of all of them.

use std::collections::BTreeSet;

use super::{Role, Roles, by_membership::OF_ALL_TABLES};

/// Beginnings of the names that managed platforms give to roles of their own; nobody can make them elsewhere.
const OF_PLATFORMS: [&str; 8] = [
    "azure_",
    "azuresu",
    "cloudsql",
    "alloydb",
    "rds_",
    "rdsadmin",
    "rdsrepl",
    "rdstopmgr",
];

/// Roles whose members administer a service, as superusers do elsewhere.
const ADMINISTRATORS: [&str; 4] = [
    "azure_pg_admin",
    "rds_superuser",
    "cloudsqlsuperuser",
    "alloydbsuperuser",
];

pub(super) fn is_administrator(name: &str) -> bool {
    ADMINISTRATORS.contains(&name)
}

/// The server's or its platform's own.
pub(crate) fn is_reserved(name: &str) -> bool {
    is_predefined(name) || is_of_platform(name)
}

/// A managed service made it for itself.
pub(super) fn is_of_platform(name: &str) -> bool {
    OF_PLATFORMS.iter().any(|start| name.starts_with(start))
}

/// Every server of the version has it.
pub(super) fn is_predefined(name: &str) -> bool {
    name.starts_with("pg_")
}

impl Roles {
    /// In the order of their names.
    pub(super) fn chosen(&self) -> Vec<&Role> {
        let mut names: BTreeSet<&str> = self
            .roles
            .iter()
            .filter(|role| belongs(role) && !is_reserved(&role.name))
            .map(|role| role.name.as_str())
            .chain(self.of_all_tables())
            .collect();
        self.close(&mut names, |one| Some((&one.group, &one.member)));
        // The migration's own role is a member of every owner, and moves nowhere.
        if let Some(own) = self.own().filter(|own| !own.owns && own.sessions == 0) {
            names.remove(own.name.as_str());
        }
        self.close(&mut names, |one| Some((&one.member, &one.group)));
        self.roles
            .iter()
            .filter(|role| names.contains(role.name.as_str()))
            .collect()
    }

    /// Members of a predefined role that reads or writes every table.
    fn of_all_tables(&self) -> impl Iterator<Item = &str> {
        self.memberships
            .iter()
            .filter(|one| OF_ALL_TABLES.iter().any(|all| all.name == one.group))
            .map(|one| one.member.as_str())
            .filter(|member| !is_reserved(member))
    }

    /// Adds whatever memberships lead to.
    pub(super) fn close<'a>(
        &'a self,
        names: &mut BTreeSet<&'a str>,
        way: impl Fn(&'a super::Membership) -> Option<(&'a String, &'a String)>,
    ) {
        loop {
            let reached: Vec<&str> = self
                .memberships
                .iter()
                .filter_map(&way)
                .filter(|(from, to)| names.contains(from.as_str()) && !names.contains(to.as_str()))
                .map(|(_, to)| to.as_str())
                .collect();
            if reached.is_empty() {
                return;
            }
            names.extend(reached);
        }
    }
}

fn belongs(role: &Role) -> bool {
    role.owns || role.is_used || role.sessions > 0 || role.settings.iter().any(|setting| setting.in_database)
}

#[cfg(test)]
mod tests {
    use super::super::{Membership, Role, Roles};

    fn role(name: &str) -> Role {
        Role {
            name: name.to_owned(),
            ..Role::default()
        }
    }

    #[test]
    fn members_of_what_is_used_and_the_groups_of_all_are_chosen() {
        let member = |group: &str, member: &str| Membership {
            group: group.to_owned(),
            member: member.to_owned(),
            ..Membership::default()
        };
        let roles = Roles {
            roles: vec![
                Role {
                    is_used: true,
                    ..role("app_rw")
                },
                role("app"),
                role("staff"),
                role("other_app"),
                role("pg_monitor"),
                role("reader"),
                role("rds_superuser"),
                Role {
                    is_self: true,
                    ..role("mover")
                },
            ],
            memberships: vec![
                member("app_rw", "app"),
                member("app_rw", "mover"),
                member("staff", "app"),
                member("staff", "other_app"),
                member("pg_monitor", "app"),
                member("pg_read_all_data", "reader"),
                member("pg_read_all_data", "rds_superuser"),
            ],
            ..Roles::default()
        };
        let names: Vec<&str> = roles.chosen().iter().map(|role| role.name.as_str()).collect();
        assert_eq!(names, ["app_rw", "app", "staff", "pg_monitor", "reader"]);
    }
}
