//! What keeps the clients of the source from working on the target with their logins.

use std::collections::BTreeSet;

use transhume_wire::ident::quote_identifier;

use super::{Role, RoleMap, Roles, by_membership, chosen::is_reserved, settings, statements::alter};
use crate::{finding::Remedy, sides::Sides};

/// One login that would not work there as it does here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFault {
    /// As the source calls it.
    pub role: String,
    pub what: String,
    /// A statement or a command.
    pub remedy: Remedy,
    /// No client depends on it, or the service does not allow it.
    pub is_slight: bool,
}

/// Faults of every role that has a session on the source or may log in and belongs to the database.
pub fn login_faults(source: &Roles, target: &Roles, map: &RoleMap) -> Vec<LoginFault> {
    let sides = Sides { source, target };
    let chosen: BTreeSet<&str> = source.chosen().iter().map(|role| role.name.as_str()).collect();
    source
        .roles
        .iter()
        .filter(|role| role.may_log_in || role.sessions > 0)
        .filter(|role| chosen.contains(role.name.as_str()) || role.may_connect)
        .filter(|role| role.sessions > 0 || !(role.is_self || is_reserved(&role.name)))
        .flat_map(|role| {
            let belongs = role.sessions > 0 || chosen.contains(role.name.as_str());
            // Nobody gets a superuser's place on a managed service.
            let is_slight = !belongs
                || role.superuser
                || is_reserved(&role.name)
                || source.administers_service(&role.name);
            faults(role, sides, map).into_iter().map(move |mut fault| {
                fault.is_slight |= is_slight;
                fault
            })
        })
        .collect()
}

fn faults(role: &Role, sides: Sides<&Roles>, map: &RoleMap) -> Vec<LoginFault> {
    let target = sides.target;
    let name = map.target(&role.name);
    let fault = |what: String, remedy: Remedy, is_slight| LoginFault {
        role: role.name.clone(),
        what,
        remedy,
        is_slight,
    };
    let make = Remedy::run("transhume roles --apply").then(", or map it to another role (--roles)");
    let Some(found) = target.role(name) else {
        return vec![fault(
            format!("the role {name} is not on the target"),
            make,
            false,
        )];
    };
    let mut faults = Vec::new();
    if !found.may_log_in {
        faults.push(fault(
            format!("the role {name} may not log in on the target"),
            Remedy::on_target(alter(name, "LOGIN")),
            false,
        ));
    }
    if !found.may_connect {
        faults.push(fault(
            format!(
                "the role {name} may not connect to the target's database {}",
                target.database
            ),
            Remedy::on_target(format!(
                "GRANT CONNECT ON DATABASE {} TO {}",
                quote_identifier(&target.database),
                quote_identifier(name)
            )),
            false,
        ));
    }
    faults.extend(by_membership::faults(role, found, sides, map));
    for setting in &role.settings {
        let theirs = found
            .settings
            .iter()
            .find(|one| (&one.name, one.in_database) == (&setting.name, setting.in_database));
        if theirs.is_some_and(|one| one.value == setting.value) {
            continue;
        }
        let place = if setting.in_database {
            format!("IN DATABASE {} ", quote_identifier(&target.database))
        } else {
            String::new()
        };
        faults.push(fault(
            format!(
                "{} of {name} is \"{}\" on the source alone",
                setting.name, setting.value
            ),
            Remedy::on_target(alter(
                name,
                &format!(
                    "{place}SET {}",
                    settings::assignment(&setting.name, &setting.value)
                ),
            )),
            setting.is_privileged,
        ));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{super::Setting, *};

    fn login(name: &str) -> Role {
        Role {
            name: name.to_owned(),
            may_log_in: true,
            may_connect: true,
            is_used: true,
            inherits: true,
            connection_limit: -1,
            ..Role::default()
        }
    }

    fn of(source: Role, target: Vec<Role>, map: &str) -> Vec<(String, bool)> {
        let server = |roles| Roles {
            database: "shop".to_owned(),
            roles,
            ..Roles::default()
        };
        let map = if map.is_empty() {
            RoleMap::default()
        } else {
            map.parse().unwrap()
        };
        login_faults(&server(vec![source]), &server(target), &map)
            .into_iter()
            .map(|fault| (fault.what, fault.is_slight))
            .collect()
    }

    #[test]
    fn a_login_must_be_there_log_in_connect_and_have_its_settings() {
        assert_eq!(
            of(login("app"), vec![], ""),
            [("the role app is not on the target".to_owned(), false)]
        );
        assert_eq!(of(login("app"), vec![login("app")], ""), []);
        assert_eq!(of(login("app"), vec![login("shop_app")], "app=shop_app"), []);
        let shut = Role {
            may_log_in: false,
            may_connect: false,
            ..login("app")
        };
        assert_eq!(of(login("app"), vec![shut], "").len(), 2);
        let set = Role {
            settings: vec![Setting {
                name: "work_mem".into(),
                value: "64MB".into(),
                in_database: false,
                is_privileged: false,
            }],
            ..login("app")
        };
        let reported = of(set, vec![login("app")], "");
        assert_eq!(
            reported,
            [(
                "work_mem of app is \"64MB\" on the source alone".to_owned(),
                false
            )]
        );
    }

    #[test]
    fn a_superuser_and_a_login_that_nothing_here_belongs_to_do_not_bar() {
        let postgres = Role {
            superuser: true,
            sessions: 1,
            ..login("postgres")
        };
        assert!(of(postgres, vec![], "")[0].1);
        let administered = Roles {
            roles: vec![login("rdsmaster")],
            memberships: vec![super::super::Membership {
                group: "rds_superuser".to_owned(),
                member: "rdsmaster".to_owned(),
                ..Default::default()
            }],
            ..Roles::default()
        };
        let faults = login_faults(&administered, &Roles::default(), &RoleMap::default());
        assert!(faults[0].is_slight, "{faults:?}");
        assert!(
            of(
                Role {
                    is_used: false,
                    ..login("elsewhere")
                },
                vec![],
                ""
            )[0]
            .1
        );
        assert_eq!(
            of(
                Role {
                    is_self: true,
                    is_used: false,
                    ..login("mover")
                },
                vec![],
                ""
            ),
            []
        );
    }
}
