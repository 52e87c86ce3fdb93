//! How the types of users differ: enums by the OIDs of their labels, composites by the numbers of their attributes, domains by
//! the names of their constraints.
//!
//! A type is in no stream: a new label simply arrives in a row, and one that was renamed too. So both sides are compared with
//! what is remembered of the source. Types of extensions change with the extension and are not our matter here.

mod message;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

use super::{
    enum_labels::{EnumType, MissingLabel, missing},
    schema::{ChangeKind, ColumnFacts, SchemaChange},
};

/// A type as one side's catalogs describe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserType {
    pub oid: u32,
    pub name: QualifiedName,
    pub definition: Definition,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Definition {
    /// In their order.
    Enum(Vec<Label>),
    /// By number.
    Composite(Vec<Attribute>),
    Domain(Domain),
    /// As CREATE TYPE takes it; it cannot be altered.
    Range(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub oid: u32,
    pub label: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    pub number: i16,
    pub name: String,
    /// With its modifier, qualified, valid SQL.
    pub type_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// With its modifier and collation, valid SQL.
    pub base: String,
    pub not_null: bool,
    pub default: Option<String>,
    /// By name.
    pub constraints: Vec<DomainConstraint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainConstraint {
    pub name: String,
    /// As ALTER DOMAIN … ADD takes it.
    pub definition: String,
}

/// One thing that the target does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeChange {
    pub name: QualifiedName,
    pub kind: TypeChangeKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeChangeKind {
    New(Definition),
    LabelRenamed {
        before: String,
        after: String,
    },
    LabelNew(MissingLabel),
    AttributeNew(Attribute),
    AttributeGone {
        name: String,
    },
    AttributeRenamed {
        before: String,
        after: String,
    },
    AttributeRetyped(Attribute),
    DomainNotNull(bool),
    /// None takes it away.
    DomainDefault(Option<String>),
    ConstraintNew(DomainConstraint),
    ConstraintGone {
        name: String,
    },
}

/// What the target lacks, in an order that can be run.
pub fn changes(remembered: &[UserType], source: &[UserType], target: &[UserType]) -> Vec<TypeChange> {
    let remembered: HashMap<u32, &UserType> = remembered.iter().map(|known| (known.oid, known)).collect();
    let target: HashMap<&QualifiedName, &UserType> =
        target.iter().map(|there| (&there.name, there)).collect();
    source
        .iter()
        .flat_map(|now| {
            let before = remembered.get(&now.oid).copied();
            let kinds = match target.get(&now.name) {
                None => vec![TypeChangeKind::New(now.definition.clone())],
                Some(there) => of_type(before, now, there),
            };
            kinds.into_iter().map(|kind| TypeChange {
                name: now.name.clone(),
                kind,
            })
        })
        .collect()
}

fn of_type(before: Option<&UserType>, now: &UserType, there: &UserType) -> Vec<TypeChangeKind> {
    let before = before.map(|before| &before.definition);
    match (&now.definition, &there.definition) {
        (Definition::Enum(now_labels), Definition::Enum(there)) => {
            let before = match before {
                Some(Definition::Enum(labels)) => labels.as_slice(),
                _ => &[],
            };
            labels(&now.name, before, now_labels, there)
        }
        (Definition::Composite(now), Definition::Composite(there)) => {
            let before = match before {
                Some(Definition::Composite(attributes)) => attributes.as_slice(),
                _ => &[],
            };
            attributes(before, now, there)
        }
        (Definition::Domain(now), Definition::Domain(there)) => {
            let before = match before {
                Some(Definition::Domain(before)) => Some(before),
                _ => None,
            };
            domain(before, now, there)
        }
        _ => Vec::new(),
    }
}

/// Renames first: what is missing then is new.
fn labels(name: &QualifiedName, before: &[Label], now: &[Label], there: &[Label]) -> Vec<TypeChangeKind> {
    let mut on_target: Vec<String> = there.iter().map(|label| label.label.clone()).collect();
    let mut changes = Vec::new();
    for label in now {
        let former = before.iter().find(|former| former.oid == label.oid);
        let Some(former) = former.filter(|former| former.label != label.label) else {
            continue;
        };
        let is_there = on_target.contains(&label.label);
        let place = on_target.iter().position(|there| *there == former.label);
        if let Some(place) = place.filter(|_| !is_there) {
            on_target[place].clone_from(&label.label);
            changes.push(TypeChangeKind::LabelRenamed {
                before: former.label.clone(),
                after: label.label.clone(),
            });
        }
    }
    let of = |labels: Vec<String>| EnumType {
        name: name.clone(),
        labels,
    };
    let source = of(now.iter().map(|label| label.label.clone()).collect());
    let missing = missing(&[source], &[of(on_target)]);
    changes.extend(missing.into_iter().map(TypeChangeKind::LabelNew));
    changes
}

fn attributes(before: &[Attribute], now: &[Attribute], there: &[Attribute]) -> Vec<TypeChangeKind> {
    let mut changes = Vec::new();
    let named = |attributes: &[Attribute], name: &str| attributes.iter().any(|it| it.name == name);
    for former in before {
        let is_gone = !now.iter().any(|attribute| attribute.number == former.number);
        if is_gone && named(there, &former.name) && !named(now, &former.name) {
            changes.push(TypeChangeKind::AttributeGone {
                name: former.name.clone(),
            });
        }
    }
    for attribute in now {
        let former = before.iter().find(|former| former.number == attribute.number);
        let same = there.iter().find(|there| there.name == attribute.name);
        match (same, former) {
            (Some(_), Some(former)) if former.type_name == attribute.type_name => {}
            (Some(same), Some(_)) if same.type_name != attribute.type_name => {
                changes.push(TypeChangeKind::AttributeRetyped(attribute.clone()));
            }
            (Some(_), _) => {}
            (None, Some(former)) if named(there, &former.name) => {
                changes.push(TypeChangeKind::AttributeRenamed {
                    before: former.name.clone(),
                    after: attribute.name.clone(),
                });
            }
            (None, _) => changes.push(TypeChangeKind::AttributeNew(attribute.clone())),
        }
    }
    changes
}

/// Definitions are printed by servers of two versions, so constraints are compared by name, and defaults with what they were.
fn domain(before: Option<&Domain>, now: &Domain, there: &Domain) -> Vec<TypeChangeKind> {
    let named = |domain: &Domain, name: &str| domain.constraints.iter().any(|it| it.name == name);
    let gone = there
        .constraints
        .iter()
        .filter(|constraint| !named(now, &constraint.name))
        .map(|constraint| TypeChangeKind::ConstraintGone {
            name: constraint.name.clone(),
        });
    let new = now
        .constraints
        .iter()
        .filter(|constraint| !named(there, &constraint.name))
        .map(|constraint| TypeChangeKind::ConstraintNew(constraint.clone()));
    let not_null = (now.not_null != there.not_null).then_some(TypeChangeKind::DomainNotNull(now.not_null));
    let has_changed =
        before.is_some_and(|before| before.default != now.default) && now.default != there.default;
    let default = has_changed.then(|| TypeChangeKind::DomainDefault(now.default.clone()));
    gone.chain(new).chain(not_null).chain(default).collect()
}

/// The type that a column needs and the target does not have.
pub fn needed_by<'a>(changes: &'a [TypeChange], change: &SchemaChange) -> Option<&'a TypeChange> {
    let (ChangeKind::ColumnNew {
        column: ColumnFacts { type_name, .. },
    }
    | ChangeKind::ColumnRetyped { type_name, .. }) = &change.kind
    else {
        return None;
    };
    changes
        .iter()
        .find(|change| matches!(change.kind, TypeChangeKind::New(_)) && is_named(&change.name, type_name))
}

/// A column's type as the server prints it names this type, or an array of it.
pub fn is_named(name: &QualifiedName, type_name: &str) -> bool {
    let element = type_name.trim_end_matches("[]");
    name.plain() == element || name.to_string() == element
}

/// Types that both sides have alike and that are not remembered so.
pub fn news(remembered: &[UserType], source: &[UserType], target: &[UserType]) -> Vec<UserType> {
    let open: Vec<QualifiedName> = changes(remembered, source, target)
        .into_iter()
        .map(|change| change.name)
        .collect();
    source
        .iter()
        .filter(|now| !open.contains(&now.name) && !remembered.contains(now))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
