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
    object::{COMMENT, Object, ObjectKind, PRIVILEGES, for_people, unquoted},
    remedy, role_names,
    selected::Selected,
};
use crate::{
    finding::{Finding, Severity},
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
}

/// Servers of other major versions bring other versions of the same extensions.
const SERVER_S_EXTENSIONS: &str = "extensions are of the version that comes with the target's server";

pub fn agreement(source: Vec<Object>, target: Vec<Object>, situation: &ComparisonContext<'_>) -> Agreement {
    let selected = Selected::of(&source, situation.selector);
    let taken = |mut objects: Vec<Object>| {
        objects.retain(|object| selected.takes(object));
        objects
    };
    let source = role_names::with_target_roles(taken(source), situation.roles);
    let target = taken(target);
    let mut agreement = Agreement::default();
    for object in source
        .iter()
        .filter(|object| object.kind != ObjectKind::IndexOfConstraint)
    {
        *agreement
            .compared
            .entry(object.kind.name().to_owned())
            .or_default() += 1;
    }
    for difference in differences(&source, &target, situation.versions) {
        judge(difference, situation, &selected, &mut agreement);
    }
    agreement
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
        Aspect::Surplus => agreement.findings.push(surplus(object)),
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

fn finding(aspect: &str, severity: Severity, object: &Object, message: String, remedy: String) -> Finding {
    let code = format!("{aspect}-{}", object.kind.name().replace(' ', "-"));
    let name = format!("{} {}", object.kind, for_people(&object.name));
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
    let mut remedies: Vec<String> = traits
        .iter()
        .map(|differing| remedy::of_different(object, differing))
        .collect();
    remedies.dedup();
    finding(
        "different",
        severity,
        object,
        reported.join("; "),
        remedies.join(";\n"),
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
mod tests {
    use transhume_wire::ident::QualifiedName;

    use super::*;

    fn object(kind: ObjectKind, relation: &str, definition: &str) -> Object {
        Object {
            name: format!("\"{relation}\""),
            kind,
            schema: Some("shop".to_owned()),
            relation: Some(QualifiedName::new("shop", relation)),
            definition: definition.to_owned(),
            comment: None,
            text: None,
            privileges: None,
        }
    }

    #[test]
    fn what_is_not_out_of_the_ordinary_is_told_by_its_opposite() {
        let of = |name: &str, source: Option<&str>, target: Option<&str>| {
            reported(&TraitDifference {
                name: name.to_owned(),
                source: source.map(str::to_owned),
                target: target.map(str::to_owned),
            })
        };
        assert_eq!(
            of("valid", None, Some("no")),
            "valid: yes on the source, no on the target"
        );
        assert_eq!(
            of("not null", Some("yes"), None),
            "not null: yes on the source, no on the target"
        );
        assert_eq!(
            of(COMMENT, None, Some("no")),
            "comment: none on the source, no on the target"
        );
        assert_eq!(
            of("default", None, Some("1")),
            "default: none on the source, 1 on the target"
        );
    }

    fn judged(source: Vec<Object>, target: Vec<Object>, selector: &Selector) -> Agreement {
        let situation = ComparisonContext {
            versions: Versions {
                source: 15,
                target: 15,
            },
            selector,
            deliberate: &Deliberate::default(),
            roles: &RoleMap::default(),
            target_roles: &HashSet::from(["ann".to_owned()]),
        };
        agreement(source, target, &situation)
    }

    fn codes(agreement: &Agreement) -> Vec<(&str, Severity)> {
        let findings = agreement.findings.iter();
        findings
            .map(|finding| (finding.code.as_str(), finding.severity))
            .collect()
    }

    #[test]
    fn the_gravest_trait_gives_the_weight() {
        let everything = Selector::everything();
        let owner = |owner: &str, kind: &str| {
            object(
                ObjectKind::Table,
                "orders",
                &format!(r#"{{"owner":"{owner}","row security":"{kind}"}}"#),
            )
        };
        let found = judged(vec![owner("ann", "x")], vec![owner("bob", "x")], &everything);
        assert_eq!(codes(&found), [("different-table", Severity::Warning)]);
        let found = judged(vec![owner("ann", "x")], vec![owner("bob", "y")], &everything);
        assert_eq!(codes(&found), [("different-table", Severity::Blocker)]);
        assert_eq!(
            found.findings[0].message,
            "owner: ann on the source, bob on the target; row security: x on the source, y on the target"
        );
    }

    #[test]
    fn a_privilege_matters_where_its_role_is_there_and_may_do_less() {
        let everything = Selector::everything();
        let with = |privileges: &str| Object {
            privileges: Some(privileges.to_owned()),
            ..object(ObjectKind::Table, "orders", "{}")
        };
        let severity = |source: &str, target: &str| {
            codes(&judged(vec![with(source)], vec![with(target)], &everything))[0].1
        };
        let ann = r#"{"role \"ann\"":"SELECT"}"#;
        assert_eq!(severity(ann, "{}"), Severity::Blocker);
        assert_eq!(severity("{}", ann), Severity::Warning);
        assert_eq!(
            severity(ann, r#"{"role \"ann\"":"SELECT WITH GRANT OPTION"}"#),
            Severity::Warning
        );
        assert_eq!(severity(r#"{"role \"gone\"":"SELECT"}"#, "{}"), Severity::Warning);
    }

    #[test]
    fn what_acts_on_the_application_s_writes_is_no_mere_surplus() {
        let everything = Selector::everything();
        let target = vec![
            object(ObjectKind::Trigger, "a", "{}"),
            object(ObjectKind::Index, "b", r#"{"definition":"CREATE INDEX b"}"#),
            object(
                ObjectKind::Index,
                "c",
                r#"{"definition":"CREATE UNIQUE INDEX c"}"#,
            ),
        ];
        let found = judged(Vec::new(), target, &everything);
        assert_eq!(
            codes(&found),
            [
                ("surplus-index", Severity::Warning),
                ("surplus-index", Severity::Blocker),
                ("surplus-trigger", Severity::Blocker),
            ]
        );
    }
}
