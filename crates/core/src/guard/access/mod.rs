//! Who owns an object and what is granted on it: what a statement left behind, and the steps that make the target so.
//!
//! Rights of the owner are its owner's on either side, whatever that is called. Privileges that only one server's version
//! knows are left alone.
//!
//! Invariant: steps are taken between facts of the same object, and make every other right as on the source.

use serde::Deserialize;

use crate::roles::RoleMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    /// Views too.
    Table,
    Sequence,
    Routine,
    Type,
    Schema,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccessFacts {
    pub kind: AccessKind,
    pub schema: String,
    /// Empty for a schema.
    pub name: String,
    /// Valid SQL that names it; with its arguments, where those tell it apart.
    pub identity: String,
    pub owner: String,
    /// What can be granted on it there.
    pub known: Vec<String>,
    pub rights: Vec<Right>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Right {
    /// None: everybody.
    pub grantee: Option<String>,
    pub is_owners: bool,
    pub column: Option<String>,
    pub privilege: String,
    pub is_grantable: bool,
}

/// One thing to be done on the target; roles are its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessStep {
    Own(String),
    Grant(Right),
    Revoke(Right),
    RevokeGrantOption(Right),
}

/// What makes the target's (`there`) as the source's was left (`now`). The owner comes first: it takes its rights with it.
pub fn access_steps(now: &AccessFacts, there: &AccessFacts, map: &RoleMap) -> Vec<AccessStep> {
    let owner = map.target(&now.owner).to_owned();
    let seen = |right: &Right, called: &dyn Fn(&str) -> String| Right {
        grantee: if right.is_owners {
            Some(owner.clone())
        } else {
            right.grantee.as_deref().map(called)
        },
        // The owner may grant whatever it has.
        is_grantable: right.is_grantable && !right.is_owners,
        ..right.clone()
    };
    let rights = |facts: &AccessFacts, called: &dyn Fn(&str) -> String| -> Vec<Right> {
        facts.rights.iter().map(|right| seen(right, called)).collect()
    };
    let wanted = rights(now, &|role| map.target(role).to_owned());
    let had = rights(there, &str::to_owned);
    let is_known = |right: &&Right| {
        // A column's are among those of its table.
        now.known.contains(&right.privilege) && there.known.contains(&right.privilege)
    };
    let own = (owner != there.owner).then(|| AccessStep::Own(owner.clone()));
    let taken = had.iter().filter(is_known).filter_map(|right| {
        match wanted.iter().find(|wanted| wanted.is_for_the_same(right)) {
            None => Some(AccessStep::Revoke(right.clone())),
            Some(wanted) if right.is_grantable && !wanted.is_grantable => {
                Some(AccessStep::RevokeGrantOption(right.clone()))
            }
            Some(_) => None,
        }
    });
    let given = wanted.iter().filter(is_known).filter(|right| {
        let had = had.iter().find(|had| had.is_for_the_same(right));
        had.is_none_or(|had| right.is_grantable && !had.is_grantable)
    });
    own.into_iter()
        .chain(taken)
        .chain(given.cloned().map(AccessStep::Grant))
        .collect()
}

impl Right {
    fn is_for_the_same(&self, other: &Self) -> bool {
        self.grantee == other.grantee && self.column == other.column && self.privilege == other.privilege
    }
}

#[cfg(test)]
mod tests;
