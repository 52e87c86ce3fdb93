//! One statement of the script: what it is about, whose it is, and its secret apart from its text.

use transhume_wire::ident::quote_literal;

use super::Secret;

/// What a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleSubject {
    Role,
    /// Login, limit, validity.
    Attributes,
    /// An attribute that a managed service may keep for itself: what is refused is left out.
    StrongAttribute,
    Membership,
    /// In a role that every server has: a managed service may keep it for itself, and what is refused is left out.
    StrongMembership,
    /// The same rights on each table, where such a membership is refused.
    TableRights,
    Setting,
    /// What the migration needs to give objects to their owners.
    Migration,
    /// Settings, comment and grants of the database.
    Database,
    Password,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleStep {
    pub part: RoleSubject,
    /// As the target calls it.
    pub role: String,
    /// Without its secret, where it has one: [`RoleStep::statement`] has it all.
    sql: String,
    pub secret: Option<Secret>,
    /// It is run where this other statement is refused.
    pub instead_of: Option<String>,
}

impl RoleSubject {
    /// The target's service may keep it for itself.
    pub fn may_be_kept(self) -> bool {
        matches!(self, Self::StrongAttribute | Self::StrongMembership)
    }

    /// It is the database owner's to give; neither clients nor the migration depend on it.
    pub fn is_of_owner(self) -> bool {
        self == Self::Database
    }
}

impl RoleStep {
    pub(super) fn new(part: RoleSubject, role: &str, sql: String) -> Self {
        Self {
            part,
            role: role.to_owned(),
            sql,
            secret: None,
            instead_of: None,
        }
    }

    /// The whole statement.
    pub fn statement(&self) -> String {
        match &self.secret {
            Some(secret) => format!("{} {}", self.sql, quote_literal(secret.reveal())),
            None => self.sql.clone(),
        }
    }

    /// For people and records: a secret stays out.
    pub fn label(&self) -> String {
        match &self.secret {
            Some(_) => format!("{} '…'", self.sql),
            None => self.sql.clone(),
        }
    }
}
