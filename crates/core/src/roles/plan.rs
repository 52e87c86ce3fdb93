//! The script: what the target's roles lack, statement by statement in the order in which it can be run.

use std::collections::{BTreeMap, BTreeSet};

use transhume_wire::ident::{quote_identifier, quote_literal};

use super::{
    Role, RoleMap, Roles, Secret, Surrounding,
    by_membership::OfAllTables,
    chosen::{is_predefined, is_reserved},
    memberships::{Grant, grant, usable},
    settings,
    statements::{alter, create, new_role, plain_attributes, strong_attributes},
    step::{RoleStep, RoleSubject},
};

/// What is not in the script, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub role: String,
    pub what: String,
    pub why: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolePlan {
    pub steps: Vec<RoleStep>,
    pub notes: Vec<Note>,
    /// Logins, as the target calls them, whose passwords must be set anew there.
    pub need_password: Vec<String>,
}

impl RolePlan {
    /// With what belongs to the database: carried where that is right, else noted with its statement.
    pub fn add_surroundings(&mut self, lacking: &[Surrounding]) {
        for one in lacking {
            if one.kind.is_carried() {
                self.steps
                    .push(RoleStep::new(RoleSubject::Database, "", one.statement.clone()));
            } else {
                self.notes.push(Note {
                    role: String::new(),
                    what: one.statement.clone(),
                    why: one.kind.message().to_owned(),
                });
            }
        }
        self.steps.sort_by_key(|step| step.part);
    }
}

/// Whose secrets are carried.
#[derive(Debug, Clone)]
pub enum Wanted {
    NoPasswords,
    /// By role of the source; a role that is not in it has none.
    Passwords(BTreeMap<String, Secret>),
}

/// What the target lacks of the source's roles.
pub fn plan(source: &Roles, target: &Roles, map: &RoleMap, passwords: &Wanted) -> RolePlan {
    let mut planning = Planning {
        source,
        target,
        map,
        present: target.names(),
        made: BTreeSet::new(),
        plan: RolePlan::default(),
    };
    let chosen = source.chosen();
    planning.roles(&chosen);
    planning.memberships(&chosen);
    planning.settings(&chosen);
    planning.for_the_migration(&chosen);
    planning.passwords(&chosen, passwords);
    planning.plan.steps.sort_by_key(|step| step.part);
    planning.plan
}

struct Planning<'a> {
    source: &'a Roles,
    target: &'a Roles,
    map: &'a RoleMap,
    present: BTreeSet<&'a str>,
    /// Roles of the target that the script makes or alters.
    made: BTreeSet<&'a str>,
    plan: RolePlan,
}

impl<'a> Planning<'a> {
    fn note(&mut self, role: &str, what: impl Into<String>, why: &str) {
        self.plan.notes.push(Note {
            role: role.to_owned(),
            what: what.into(),
            why: why.to_owned(),
        });
    }

    fn step(&mut self, part: RoleSubject, role: &str, sql: String) {
        self.plan.steps.push(RoleStep::new(part, role, sql));
    }

    /// It is or will be on the target.
    fn is_there(&self, name: &str) -> bool {
        self.present.contains(name) || self.made.contains(name)
    }

    fn roles(&mut self, chosen: &[&'a Role]) {
        for role in chosen {
            let name = role.name.as_str();
            if self.map.maps(name) {
                let to = self.map.target(name);
                if !self.present.contains(to) {
                    self.note(
                        name,
                        format!("role {to}"),
                        "the role that the map names is not on the target",
                    );
                }
                continue;
            }
            if is_reserved(name) {
                if !self.present.contains(name) {
                    self.note(
                        name,
                        "the role",
                        "it belongs to the source's server or service; map it to one of the target",
                    );
                }
                continue;
            }
            let found = self.target.role(name);
            if found.is_some_and(|role| role.is_self) {
                self.note(name, "its attributes", "it is the role that works on the target");
                continue;
            }
            if let Some(own) = self.target.own().filter(|own| {
                // A plain role of that name is not what it is on the source.
                role.is_bootstrap && found.is_none() && !own.superuser
            }) {
                let why = format!(
                    "it is the source's first superuser, and the target gives none: let another role stand for it, such as \
                     --roles {name}={}",
                    own.name
                );
                self.note(name, "the role", &why);
                continue;
            }
            self.role(role, found);
        }
    }

    fn role(&mut self, role: &'a Role, found: Option<&'a Role>) {
        let name = role.name.as_str();
        self.made.insert(name);
        let new = new_role();
        let present = found.unwrap_or(&new);
        if found.is_none() {
            self.step(RoleSubject::Role, name, create(name));
        }
        if let Some(sql) = plain_attributes(role, present, name) {
            self.step(RoleSubject::Attributes, name, sql);
        }
        for ((word, wanted), (_, has)) in strong_attributes(role)
            .into_iter()
            .zip(strong_attributes(present))
        {
            match (wanted, has) {
                (true, false) => self.step(RoleSubject::StrongAttribute, name, alter(name, word)),
                (false, true) => self.note(name, word, "the target's role has it and the source's has not"),
                _ => {}
            }
        }
        if present.may_log_in && !role.may_log_in {
            self.note(name, "LOGIN", "the target's role has it and the source's has not");
        }
        if let Some(comment) = role
            .comment
            .as_deref()
            .filter(|_| role.comment != present.comment)
        {
            let sql = format!(
                "COMMENT ON ROLE {} IS {}",
                quote_identifier(name),
                quote_literal(comment)
            );
            self.step(RoleSubject::Attributes, name, sql);
        }
    }

    fn memberships(&mut self, chosen: &[&'a Role]) {
        let source = self.source;
        for membership in &source.memberships {
            let Some(member) = chosen.iter().find(|role| role.name == membership.member) else {
                continue;
            };
            let (group, name) = (
                self.map.target(&membership.group),
                self.map.target(&membership.member),
            );
            if group == name || is_reserved(name) {
                continue;
            }
            let what = format!("membership in {group}");
            if !self.is_there(name) {
                continue;
            }
            if !self.is_there(group) {
                let why = if is_predefined(group) {
                    "a server of this version does not have that role"
                } else {
                    "that role is not on the target"
                };
                self.note(name, what, why);
                continue;
            }
            let present = self
                .target
                .memberships
                .iter()
                .find(|present| present.group == group && present.member == name);
            match grant(membership, member, (group, name), (present, self.target.major)) {
                Grant::There => {}
                Grant::Needed(sql) => {
                    let part = if is_predefined(group) {
                        RoleSubject::StrongMembership
                    } else {
                        RoleSubject::Membership
                    };
                    self.table_rights(group, name, &sql);
                    self.step(part, name, sql);
                }
                Grant::Inexpressible => self.note(
                    name,
                    what,
                    "its options need PostgreSQL 16; without them it would give more than on the source",
                ),
            }
        }
    }

    /// For a login whose service gives the role that reads or writes every table to nobody.
    fn table_rights(&mut self, group: &str, name: &str, refused: &str) {
        let rights = OfAllTables::of(group).and_then(|one| one.on_each_table(name, self.source, self.target));
        if let Some(sql) = rights {
            let mut step = RoleStep::new(RoleSubject::TableRights, name, sql);
            step.instead_of = Some(refused.to_owned());
            self.plan.steps.push(step);
        }
    }

    fn settings(&mut self, chosen: &[&Role]) {
        for role in chosen {
            let name = self.map.target(&role.name);
            if !self.is_there(name) || is_reserved(name) {
                continue;
            }
            let present = self.target.role(name);
            for setting in &role.settings {
                let has = present.is_some_and(|present| {
                    let mut all = present.settings.iter();
                    all.any(|one| {
                        (&one.name, &one.value, one.in_database)
                            == (&setting.name, &setting.value, setting.in_database)
                    })
                });
                if !has {
                    let place = if setting.in_database {
                        format!("IN DATABASE {} ", quote_identifier(&self.target.database))
                    } else {
                        String::new()
                    };
                    let to = settings::assignment(&setting.name, &setting.value);
                    self.step(
                        RoleSubject::Setting,
                        name,
                        alter(name, &format!("{place}SET {to}")),
                    );
                }
            }
        }
    }

    /// The target's own role gives objects away only to roles that it may use, and their owners must be able to own them.
    fn for_the_migration(&mut self, chosen: &[&Role]) {
        let Some(own) = self.target.own() else {
            return;
        };
        for role in chosen.iter().filter(|role| role.owns) {
            let name = self.map.target(&role.name);
            if name == own.name || !self.is_there(name) {
                continue;
            }
            let present = self.target.role(name);
            if !own.superuser && !present.is_some_and(|role| role.is_usable) {
                self.step(
                    RoleSubject::Migration,
                    name,
                    usable(name, &own.name, self.target.major),
                );
            }
            if role.owns_schemas && !present.is_some_and(|role| role.creates_in_database) {
                let database = quote_identifier(&self.target.database);
                let sql = format!(
                    "GRANT CREATE ON DATABASE {database} TO {}",
                    quote_identifier(name)
                );
                self.step(RoleSubject::Migration, name, sql);
            }
            let creates = present.map_or(self.target.everybody_creates_in_public, |role| {
                role.creates_in_public
            });
            if role.owns_in_public && !creates {
                let sql = format!(
                    "GRANT USAGE, CREATE ON SCHEMA public TO {}",
                    quote_identifier(name)
                );
                self.step(RoleSubject::Migration, name, sql);
            }
        }
        if chosen.iter().any(|role| role.owns_in_public) && !own.creates_in_public {
            let sql = format!(
                "GRANT USAGE, CREATE ON SCHEMA public TO {}",
                quote_identifier(&own.name)
            );
            self.step(RoleSubject::Migration, &own.name, sql);
        }
    }

    fn passwords(&mut self, chosen: &[&'a Role], passwords: &Wanted) {
        for role in chosen.iter().filter(|role| role.may_log_in) {
            let name = role.name.as_str();
            if !self.made.contains(name) {
                continue;
            }
            match passwords {
                Wanted::NoPasswords => {
                    if !self.present.contains(name) {
                        self.plan.need_password.push(name.to_owned());
                    }
                }
                Wanted::Passwords(secrets) => match secrets.get(name) {
                    Some(secret) if secret.is_scram() => {
                        let mut step = RoleStep::new(RoleSubject::Password, name, alter(name, "PASSWORD"));
                        step.secret = Some(secret.clone());
                        self.plan.steps.push(step);
                    }
                    // MD5 secrets hold the role's name and are on their way out.
                    Some(_) => self.plan.need_password.push(name.to_owned()),
                    None => {}
                },
            }
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
