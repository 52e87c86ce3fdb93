//! In what the objects of two databases differ.
//!
//! Neither the order that they come in nor OIDs matter. What goes missing with the relation, schema or
//! domain that it belongs to is not told again. All that differs of one object is one difference.

use std::collections::{BTreeMap, HashSet};

use super::object::{Object, ObjectKind, Traits};

/// Told for other reasons: the definition says it too.
const REFERS_TO: &str = "refers to";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference<'a> {
    pub object: &'a Object,
    pub aspect: Aspect,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aspect {
    /// Only on the source.
    Missing,
    /// Only on the target.
    Surplus,
    Different(Vec<TraitDifference>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TraitDifference {
    pub name: String,
    /// None where the object has no such trait.
    pub source: Option<String>,
    pub target: Option<String>,
}

/// Major versions of the two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    pub source: u32,
    pub target: u32,
}

/// In the order of kinds and names.
pub(super) fn differences<'a>(
    source: &'a [Object],
    target: &'a [Object],
    versions: Versions,
) -> Vec<Difference<'a>> {
    let mut right = by_key(target);
    let mut found = Vec::new();
    for (key, object) in by_key(source) {
        let Some(other) = right.remove(&key) else {
            found.push(Difference {
                object,
                aspect: Aspect::Missing,
            });
            continue;
        };
        let traits = of_traits(object, other, versions);
        if !traits.is_empty() {
            found.push(Difference {
                object,
                aspect: Aspect::Different(traits),
            });
        }
    }
    found.extend(right.into_values().map(|object| Difference {
        object,
        aspect: Aspect::Surplus,
    }));
    without_followers(found)
}

fn by_key(objects: &[Object]) -> BTreeMap<(&ObjectKind, &str), &Object> {
    objects
        .iter()
        .map(|object| ((&object.kind, object.name.as_str()), object))
        .collect()
}

fn of_traits(source: &Object, target: &Object, versions: Versions) -> Vec<TraitDifference> {
    if source.is_told_alike(target) {
        return Vec::new();
    }
    let (mut left, mut right) = (traits(source, versions), traits(target, versions));
    left.retain(|name, value| {
        let is_equal = right.get(name) == Some(value);
        if is_equal {
            right.remove(name);
        }
        !is_equal
    });
    let mut names: Vec<&String> = left.keys().chain(right.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| TraitDifference {
            name: name.clone(),
            source: left.get(name).cloned(),
            target: right.get(name).cloned(),
        })
        .collect()
}

fn traits(object: &Object, versions: Versions) -> Traits {
    let mut traits = object.traits();
    traits.remove(REFERS_TO);
    if versions.source != versions.target {
        // From version 17 on this type's name is a keyword, which is never quoted.
        for value in traits.values_mut() {
            *value = value.replace("\"json\"", "json");
        }
    }
    traits
}

/// Leaves out what is missing (or surplus) because what it belongs to is.
fn without_followers(mut found: Vec<Difference<'_>>) -> Vec<Difference<'_>> {
    let leaders: HashSet<(bool, String)> = found.iter().filter_map(leader).collect();
    found.retain(|difference| {
        let object = difference.object;
        let is_missing = match difference.aspect {
            Aspect::Missing => true,
            Aspect::Surplus => false,
            Aspect::Different(_) => return true,
        };
        let follows = |name: String| leaders.contains(&(is_missing, name));
        let relation = object
            .relation
            .as_ref()
            .filter(|_| object.is_member())
            .is_some_and(|relation| follows(relation.to_string()));
        let schema = object
            .schema
            .as_ref()
            .filter(|_| object.kind != ObjectKind::Schema)
            .is_some_and(|schema| follows(transhume_wire::ident::quote_identifier(schema)));
        let domain = object.kind == ObjectKind::DomainConstraint
            && object
                .name
                .split_once(" on ")
                .is_some_and(|(_, domain)| follows(domain.to_owned()));
        !(relation || schema || domain || object.kind == ObjectKind::IndexOfConstraint)
    });
    found
}

/// What others belong to, by its name.
fn leader(difference: &Difference<'_>) -> Option<(bool, String)> {
    let is_missing = match difference.aspect {
        Aspect::Missing => true,
        Aspect::Surplus => false,
        Aspect::Different(_) => return None,
    };
    let object = difference.object;
    let leads = object.kind.is_relation() || matches!(object.kind, ObjectKind::Schema | ObjectKind::Domain);
    leads.then(|| (is_missing, object.name.clone()))
}

#[cfg(test)]
#[path = "difference_tests.rs"]
mod tests;
