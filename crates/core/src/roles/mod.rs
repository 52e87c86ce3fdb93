//! Roles, logins, and what belongs to a database beside its dump: what the target needs, and by which statements it gets it.
//!
//! Owns the choice of roles, the script and what logins lack. Refuses servers and secrets' contents: a secret passes through
//! as it came and is never printed by `Debug`. Invariant: the script gives what is missing and takes nothing away.

mod by_membership;
mod chosen;
mod logins;
mod memberships;
mod plan;
mod settings;
mod statements;
mod step;
mod surroundings;

use std::{collections::BTreeSet, fmt};

pub use crate::role_map::{BadRoleMap, RoleMap};

use self::chosen::is_of_platform;
pub(crate) use self::chosen::is_reserved;
pub use self::{
    by_membership::without_all_tables,
    logins::{LoginFault, login_faults},
    plan::{Note, RolePlan, Wanted, plan},
    step::{RoleStep, RoleSubject},
    surroundings::{Surrounding, SurroundingKind, lacking},
};

/// The roles of one server as one of its databases sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    pub major: u32,
    pub database: String,
    pub roles: Vec<Role>,
    pub memberships: Vec<Membership>,
    /// Whoever has no grant of its own may create in schema `public`.
    pub everybody_creates_in_public: bool,
    /// Schemas with tables, without the server's and extensions'.
    pub table_schemas: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an attribute of the catalog by itself"
)]
pub struct Role {
    pub name: String,
    pub superuser: bool,
    /// The first of its server, which initdb made.
    pub is_bootstrap: bool,
    pub inherits: bool,
    pub creates_roles: bool,
    pub creates_databases: bool,
    pub may_log_in: bool,
    pub replicates: bool,
    pub bypasses_row_security: bool,
    /// Less than 0: none.
    pub connection_limit: i32,
    pub valid_until: Option<String>,
    pub comment: Option<String>,
    pub settings: Vec<Setting>,
    /// It owns something in the database.
    pub owns: bool,
    /// It owns something in schema `public`.
    pub owns_in_public: bool,
    /// It owns, is granted something, or stands in a policy or mapping of the database.
    pub is_used: bool,
    /// Its sessions in the database, without ours.
    pub sessions: i64,
    pub may_connect: bool,
    pub creates_in_public: bool,
    /// It owns a schema.
    pub owns_schemas: bool,
    pub creates_in_database: bool,
    /// The role of the session that looks.
    pub is_self: bool,
    /// The session that looks may give objects to it and use them afterwards.
    pub is_usable: bool,
    /// By rights of its own; looked at only where a predefined role is lacking.
    pub reads_all_tables: bool,
    /// The same of inserting, updating and deleting.
    pub writes_all_tables: bool,
}

/// A setting of a role, everywhere or in the database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    pub name: String,
    pub value: String,
    pub in_database: bool,
    /// Only superusers, or nobody, may set it on this server.
    pub is_privileged: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    pub group: String,
    pub member: String,
    pub admin: bool,
    /// None before PostgreSQL 16.
    pub options: Option<MembershipOptions>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MembershipOptions {
    pub inherit: bool,
    pub set: bool,
}

/// What a server keeps in place of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For the server and for a script that was asked for.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A server takes it over as it is, whatever the role is called there.
    pub fn is_scram(&self) -> bool {
        self.0.starts_with("SCRAM-SHA-256$")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl Roles {
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The role of the session that looked.
    pub fn own(&self) -> Option<&Role> {
        self.roles.iter().find(|role| role.is_self)
    }

    /// A managed service, which keeps some rights for itself.
    fn is_of_service(&self) -> bool {
        let is_superuser = self.own().is_some_and(|own| own.superuser);
        !is_superuser && self.roles.iter().any(|role| is_of_platform(&role.name))
    }

    /// On a managed service it stands where a superuser stands elsewhere.
    fn administers_service(&self, name: &str) -> bool {
        let groups = self.groups_of(name);
        groups.into_iter().any(chosen::is_administrator)
    }

    /// The role of the session may make others members of it.
    fn may_grant(&self, group: &str) -> bool {
        let Some(own) = self.own() else { return false };
        let through = self.groups_of(&own.name);
        let mut administered = self
            .memberships
            .iter()
            .filter(|one| one.admin && one.group == group);
        own.superuser
            || self.major < memberships::OPTIONS_SINCE && own.creates_roles
            || administered.any(|one| one.member == own.name || through.contains(one.member.as_str()))
    }

    /// Roles that it is a member of without a role of the source's service between: what comes through that one is the
    /// service's to give, to an administrator of its own.
    fn groups_without_service(&self, member: &str) -> BTreeSet<&str> {
        self.groups_through(member, |role| !is_of_platform(role))
    }

    /// Roles that it is a member of, directly or through others.
    fn groups_of(&self, member: &str) -> BTreeSet<&str> {
        self.groups_through(member, |_| true)
    }

    /// Directly, or through roles that are led through.
    fn groups_through<'a>(&'a self, member: &str, leads_on: impl Fn(&str) -> bool) -> BTreeSet<&'a str> {
        let of_it = self.memberships.iter().filter(|one| one.member == member);
        let mut groups = of_it.map(|one| one.group.as_str()).collect();
        self.close(&mut groups, |one| {
            leads_on(&one.member).then_some((&one.member, &one.group))
        });
        groups
    }

    fn names(&self) -> BTreeSet<&str> {
        self.roles.iter().map(|role| role.name.as_str()).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::finding::Finding;

    /// What a service's target lacks of logins and of what belongs to a database.
    pub(crate) fn findings_of_each_kind() -> Vec<Finding> {
        let mut findings = by_membership::tests::of_each_kind();
        findings.extend(
            surroundings::tests::of_each_kind()
                .iter()
                .map(Surrounding::finding),
        );
        findings
    }
}
