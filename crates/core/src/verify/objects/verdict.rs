//! What the differences between two databases mean: findings with their weight and remedy, and what was
//! compared without one.
//!
//! A blocker is what would change how the application works on the target: something missing, another
//! definition, a privilege of a role that exists there. Everything else is a warning.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::{
    deliberate::Deliberate,
    difference::{Aspect, Difference, TraitDifference, Versions, differences},
    meaning::{self, Equivalence, Meanings, Wording},
    object::{COMMENT, Object, ObjectKind, PRIVILEGES, TEXT, for_people, unquoted},
    remedy, role_names,
    selected::Selected,
};
use crate::{
    finding::{Finding, Remedy, Severity},
    role_map::RoleMap,
    selection::Selector,
};

/// What the comparison depends on besides the two lists.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonContext<'a> {
    pub versions: Versions,
    pub selector: &'a Selector,
    pub deliberate: &'a Deliberate,
    pub target_roles: &'a HashSet<String>,
    pub roles: &'a RoleMap,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// How many objects of each kind the source has.
    pub compared: BTreeMap<String, usize>,
    pub findings: Vec<Finding>,
    /// What differs on purpose, and how often.
    pub deliberate: BTreeMap<String, usize>,
    /// Objects whose text says nothing, since the versions print it differently and the target could not print both.
    pub unread: Vec<String>,
}

/// Servers of other major versions bring other versions of the same extensions.
const SERVER_S_EXTENSIONS: &str = "extensions are of the version that comes with the target's server";

/// What is selected of both sides, the source's by the target's names of roles.
pub struct Compared<'a> {
    source: Vec<Object>,
    target: Vec<Object>,
    selected: Selected<'a>,
    context: ComparisonContext<'a>,
}

impl<'a> Compared<'a> {
    pub fn new(source: Vec<Object>, target: Vec<Object>, context: ComparisonContext<'a>) -> Self {
        let selected = Selected::of(&source, context.selector);
        let taken = |mut objects: Vec<Object>| {
            objects.retain(|object| selected.takes(object));
            objects
        };
        Self {
            source: role_names::with_target_roles(taken(source), context.roles),
            target: taken(target),
            selected,
            context,
        }
    }

    /// Texts that differ in letters, and may mean the same.
    pub fn wordings(&self) -> Vec<Wording> {
        let domains = meaning::domains(&self.target);
        let mut found = Vec::new();
        for difference in differences(&self.source, &self.target, self.context.versions) {
            if let Aspect::Different(traits) = &difference.aspect {
                let of = |differing| meaning::wording(difference.object, differing, &domains);
                found.extend(traits.iter().filter_map(of));
            }
        }
        found
    }

    pub fn agreement(&self, meanings: &Meanings) -> Agreement {
        let mut agreement = Agreement::default();
        for object in self
            .source
            .iter()
            .filter(|object| object.kind != ObjectKind::IndexOfConstraint)
        {
            *agreement
                .compared
                .entry(object.kind.name().to_owned())
                .or_default() += 1;
        }
        let between_versions = self.context.versions.source != self.context.versions.target;
        for mut difference in differences(&self.source, &self.target, self.context.versions) {
            if let Aspect::Different(traits) = &mut difference.aspect {
                let object = difference.object;
                traits.retain(|differing| match meanings.of_trait(object, &differing.name) {
                    Equivalence::Same => false,
                    // Versions print it differently: nothing is known of it.
                    Equivalence::Unknown if between_versions && differing.name == TEXT => {
                        agreement.unread.push(called(object));
                        false
                    }
                    Equivalence::Unknown | Equivalence::Different => true,
                });
            }
            judge(difference, &self.context, &self.selected, &mut agreement);
        }
        agreement
    }
}

fn judge(
    difference: Difference<'_>,
    situation: &ComparisonContext<'_>,
    selected: &Selected<'_>,
    agreement: &mut Agreement,
) {
    let object = difference.object;
    let mut excuse = |reason: &str| *agreement.deliberate.entry(reason.to_owned()).or_default() += 1;
    match difference.aspect {
        Aspect::Missing => match situation.deliberate.excuses_absence(object) {
            Some(reason) => excuse(reason),
            None => agreement.findings.push(missing(object)),
        },
        // The provider's own on a managed server: nobody's business.
        Aspect::Surplus if object.kind == ObjectKind::Extension => {}
        Aspect::Surplus => match situation.deliberate.excuses_surplus(object) {
            Some(reason) => excuse(reason),
            None => agreement.findings.push(surplus(object)),
        },
        Aspect::Different(mut traits) => {
            traits.retain(|differing| {
                match on_purpose(object, differing, situation).or_else(|| selected.excuses(object, differing))
                {
                    Some(reason) => {
                        excuse(reason);
                        false
                    }
                    None => true,
                }
            });
            if !traits.is_empty() {
                agreement.findings.push(different(object, &traits, situation));
            }
        }
    }
}

fn on_purpose(
    object: &Object,
    differing: &TraitDifference,
    situation: &ComparisonContext<'_>,
) -> Option<&'static str> {
    let is_the_server_s = object.kind == ObjectKind::Extension
        && differing.name == "version"
        && situation.versions.source != situation.versions.target;
    is_the_server_s
        .then_some(SERVER_S_EXTENSIONS)
        .or_else(|| situation.deliberate.excuses(object, differing))
}

fn called(object: &Object) -> String {
    format!("{} {}", object.kind, for_people(&object.name))
}

fn finding(aspect: &str, severity: Severity, object: &Object, message: String, remedy: Remedy) -> Finding {
    let code = format!("{aspect}-{}", object.kind.name().replace(' ', "-"));
    let name = called(object);
    match severity {
        Severity::Blocker => Finding::blocker(&code, &name, message, remedy),
        Severity::Warning | Severity::Pass => Finding::warning(&code, &name, message, remedy),
    }
}

fn missing(object: &Object) -> Finding {
    let is_optional = match &object.kind {
        ObjectKind::Statistics
        | ObjectKind::EventTrigger
        | ObjectKind::DefaultPrivileges
        | ObjectKind::ForeignTable => true,
        ObjectKind::Other(word) => matches!(word.as_str(), "foreign-data wrapper" | "server"),
        _ => false,
    };
    let severity = if is_optional {
        Severity::Warning
    } else {
        Severity::Blocker
    };
    let message = "it is on the source and not on the target".to_owned();
    finding("missing", severity, object, message, remedy::of_missing(object))
}

fn surplus(object: &Object) -> Finding {
    let is_unique_index =
        object.kind == ObjectKind::Index && object.definition.contains("CREATE UNIQUE INDEX");
    let acts = matches!(
        object.kind,
        ObjectKind::Trigger
            | ObjectKind::Rule
            | ObjectKind::Policy
            | ObjectKind::Constraint
            | ObjectKind::ForeignKey
            | ObjectKind::DomainConstraint
    );
    let (severity, message) = if acts || is_unique_index {
        (
            Severity::Blocker,
            "it is on the target alone, and acts on what the application writes there",
        )
    } else {
        (Severity::Warning, "it is on the target alone")
    };
    finding(
        "surplus",
        severity,
        object,
        message.to_owned(),
        remedy::of_surplus(object),
    )
}

fn different(object: &Object, traits: &[TraitDifference], situation: &ComparisonContext<'_>) -> Finding {
    let weights = traits
        .iter()
        .map(|differing| weight(object, differing, situation));
    let severity = weights.max().unwrap_or(Severity::Warning);
    let reported: Vec<String> = traits.iter().map(reported).collect();
    let mut remedies: Vec<Remedy> = traits
        .iter()
        .map(|differing| remedy::of_different(object, differing))
        .collect();
    remedies.dedup();
    finding(
        "different",
        severity,
        object,
        reported.join("; "),
        Remedy::joined(remedies, ";\n"),
    )
}

fn reported(differing: &TraitDifference) -> String {
    let (source, target) = (differing.source.as_deref(), differing.target.as_deref());
    format!(
        "{}: {} on the source, {} on the target",
        for_people(&differing.name),
        side(&differing.name, source, target),
        side(&differing.name, target, source)
    )
}

/// Of a trait that is there or not, only what is out of the ordinary has a value.
fn side(name: &str, value: Option<&str>, other: Option<&str>) -> String {
    match (value, other) {
        (Some(value), _) => for_people(value),
        (None, Some("no")) if name != COMMENT => "yes".to_owned(),
        (None, Some("yes")) if name != COMMENT => "no".to_owned(),
        (None, _) => "none".to_owned(),
    }
}

fn weight(object: &Object, differing: &TraitDifference, situation: &ComparisonContext<'_>) -> Severity {
    let is_minor_kind = matches!(
        object.kind,
        ObjectKind::Statistics
            | ObjectKind::EventTrigger
            | ObjectKind::DefaultPrivileges
            | ObjectKind::ForeignTable
    );
    let is_minor_trait = matches!(
        differing.name.as_str(),
        "comment"
            | "owner"
            | "options"
            | "storage"
            | "compression"
            | "statistics target"
            | "clustered"
            | "version"
            | "schema"
            | "replica identity"
            | "cache"
    );
    // Of an identity column: pg_dump does not carry it, and its bounds are told by themselves.
    let is_minor_type = object.kind == ObjectKind::Sequence && differing.name == "type";
    let is_harmless_privilege = differing
        .name
        .strip_prefix(PRIVILEGES)
        .is_some_and(|grantee| !denies(grantee, differing, situation));
    if is_minor_kind || is_minor_trait || is_minor_type || is_harmless_privilege {
        Severity::Warning
    } else {
        Severity::Blocker
    }
}

/// Somebody who is there may do less on the target.
fn denies(grantee: &str, differing: &TraitDifference, situation: &ComparisonContext<'_>) -> bool {
    let is_there = grantee
        .strip_prefix("role ")
        .is_none_or(|role| situation.target_roles.contains(&unquoted(role)));
    let list = |value: &Option<String>| -> BTreeSet<String> {
        value
            .iter()
            .flat_map(|text| text.split(", ").map(str::to_owned))
            .collect()
    };
    let (source, target) = (list(&differing.source), list(&differing.target));
    // A privilege that may be passed on is had all the more.
    let has = |privilege: &String| {
        target.contains(privilege) || target.contains(&format!("{privilege} WITH GRANT OPTION"))
    };
    is_there && source.iter().any(|privilege| !has(privilege))
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
