//! Which role of the target stands for a role of the source, where the two are not called the same.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};

/// Roles of the source by name, each with the role that has its place on the target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleMap(BTreeMap<String, String>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read the pair of roles \"{0}\": give the source's and the target's, such as postgres=azadmin"
)]
pub struct BadRoleMap(pub String);

impl RoleMap {
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the role is called on the target.
    pub fn target<'a>(&'a self, role: &'a str) -> &'a str {
        self.0.get(role).map_or(role, String::as_str)
    }

    /// Another role of the target stands for it.
    pub fn maps(&self, role: &str) -> bool {
        self.0.contains_key(role)
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(from, to)| (from.as_str(), to.as_str()))
    }

    /// All pairs of `other` are here.
    pub fn holds(&self, other: &Self) -> bool {
        other.0.iter().all(|(from, to)| self.0.get(from) == Some(to))
    }

    /// The pairs of `other` win.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut both = self.0.clone();
        both.extend(other.0.clone());
        Self(both)
    }

    /// For the way back. Of several roles that became one, the first stands for it.
    #[must_use]
    pub fn inverted(&self) -> Self {
        let mut back = BTreeMap::new();
        for (from, to) in &self.0 {
            back.entry(to.clone()).or_insert_with(|| from.clone());
        }
        Self(back)
    }
}

impl FromStr for RoleMap {
    type Err = BadRoleMap;

    /// One pair, `source=target`.
    fn from_str(text: &str) -> Result<Self, BadRoleMap> {
        match text.split_once('=') {
            Some((from, to)) if !from.is_empty() && !to.is_empty() => {
                Ok(Self::new([(from.to_owned(), to.to_owned())]))
            }
            _ => Err(BadRoleMap(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_reads_both_ways() {
        let map: RoleMap = "postgres=azadmin".parse().unwrap();
        assert_eq!((map.target("postgres"), map.target("app")), ("azadmin", "app"));
        assert_eq!(map.inverted().target("azadmin"), "postgres");
        for bad in ["postgres", "=x", "x="] {
            assert!(bad.parse::<RoleMap>().is_err(), "{bad}");
        }
    }

    #[test]
    fn later_pairs_win() {
        let first: RoleMap = "a=b".parse().unwrap();
        let both = first.with(&"a=c".parse().unwrap());
        assert_eq!(both.target("a"), "c");
        assert!(!first.holds(&both) && both.holds(&both));
    }
}
