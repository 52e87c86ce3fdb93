//! Texts that servers print of what they have parsed: versions print one thing in several ways, and what a server
//! prints may be printed otherwise once it was read again.
//!
//! Owns which texts have a meaning apart from their letters, and what two of them mean once one server has read and
//! printed both. Invariant: what could not be printed anew is never called equal.

use std::collections::HashMap;

use transhume_wire::ident::QualifiedName;

use super::{
    difference::TraitDifference,
    object::{Object, ObjectKind, TEXT},
};

/// The trait of most objects that a server prints.
const DEFINITION: &str = "definition";

/// The text of one object on both sides, and as what a server can make it beside all that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    kind: ObjectKind,
    name: String,
    of: String,
    pub made_as: MadeAs,
    /// The source's, the target's.
    pub texts: [String; 2],
}

/// What a text defines. Tables are those that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MadeAs {
    /// `column` is quoted.
    Default {
        table: QualifiedName,
        column: String,
    },
    /// `column` is quoted; begins with `stored as` or `virtual as`.
    Generated {
        table: QualifiedName,
        column: String,
        data_type: String,
    },
    Constraint {
        table: QualifiedName,
    },
    DomainDefault {
        base: String,
    },
    DomainConstraint {
        base: String,
    },
    Index {
        table: QualifiedName,
    },
    Trigger {
        table: QualifiedName,
    },
    Rule {
        table: QualifiedName,
    },
    PolicyUsing {
        table: QualifiedName,
    },
    PolicyCheck {
        table: QualifiedName,
    },
    Statistics {
        table: QualifiedName,
    },
    PartitionKey {
        table: QualifiedName,
    },
    View,
    Routine,
}

/// Both texts as the same server prints them; none where it could not make one of them.
pub type Reprinted = Option<[String; 2]>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Equivalence {
    Same,
    Different,
    Unknown,
}

/// What the differing texts of two databases mean.
#[derive(Debug, Clone, Default)]
pub struct Meanings(HashMap<(ObjectKind, String, String), Equivalence>);

impl Meanings {
    /// `reprinted` stands beside `wordings`.
    pub fn of(wordings: Vec<Wording>, reprinted: Vec<Reprinted>) -> Self {
        let judged = wordings.into_iter().zip(reprinted).map(|(wording, printed)| {
            let meaning = match printed {
                None => Equivalence::Unknown,
                Some([source, target]) if source == target => Equivalence::Same,
                Some(_) => Equivalence::Different,
            };
            ((wording.kind, wording.name, wording.of), meaning)
        });
        Self(judged.collect())
    }

    pub(super) fn of_trait(&self, object: &Object, name: &str) -> Equivalence {
        let key = (object.kind.clone(), object.name.clone(), name.to_owned());
        self.0.get(&key).copied().unwrap_or(Equivalence::Unknown)
    }
}

/// None where its letters are its meaning, or one side has nothing.
pub(super) fn wording(
    object: &Object,
    differing: &TraitDifference,
    domains: &HashMap<&str, String>,
) -> Option<Wording> {
    Some(Wording {
        kind: object.kind.clone(),
        name: object.name.clone(),
        of: differing.name.clone(),
        made_as: made_as(object, differing, domains)?,
        texts: [differing.source.clone()?, differing.target.clone()?],
    })
}

fn made_as(object: &Object, differing: &TraitDifference, domains: &HashMap<&str, String>) -> Option<MadeAs> {
    let table = || object.relation.clone();
    Some(match (&object.kind, differing.name.as_str()) {
        (ObjectKind::View | ObjectKind::MaterializedView, TEXT) => MadeAs::View,
        (ObjectKind::Function | ObjectKind::Procedure, TEXT | DEFINITION) => MadeAs::Routine,
        (ObjectKind::Rule, TEXT) => MadeAs::Rule { table: table()? },
        (ObjectKind::Index, DEFINITION) => MadeAs::Index { table: table()? },
        (ObjectKind::Trigger, DEFINITION) => MadeAs::Trigger { table: table()? },
        (ObjectKind::Statistics, DEFINITION) => MadeAs::Statistics { table: table()? },
        (ObjectKind::Constraint, DEFINITION) => MadeAs::Constraint { table: table()? },
        (ObjectKind::Policy, "using") => MadeAs::PolicyUsing { table: table()? },
        (ObjectKind::Policy, "with check") => MadeAs::PolicyCheck { table: table()? },
        (ObjectKind::Table, "partition key") => MadeAs::PartitionKey { table: table()? },
        (ObjectKind::Column, "default" | "generated") => column(object, &differing.name)?,
        (ObjectKind::Domain, "default") => MadeAs::DomainDefault {
            base: domains.get(object.name.as_str())?.clone(),
        },
        (ObjectKind::DomainConstraint, DEFINITION) => {
            let (_, domain) = object.name.split_once(" on ")?;
            MadeAs::DomainConstraint {
                base: domains.get(domain)?.clone(),
            }
        }
        _ => return None,
    })
}

fn column(object: &Object, of: &str) -> Option<MadeAs> {
    let table = object.relation.clone()?;
    let column = object.name.strip_prefix(&format!("{table}."))?.to_owned();
    if of == "default" {
        return Some(MadeAs::Default { table, column });
    }
    let data_type = object.traits().remove("type")?;
    Some(MadeAs::Generated {
        table,
        column,
        data_type,
    })
}

/// What each domain is made of, by its quoted name.
pub(super) fn domains(objects: &[Object]) -> HashMap<&str, String> {
    objects
        .iter()
        .filter(|object| object.kind == ObjectKind::Domain)
        .filter_map(|domain| Some((domain.name.as_str(), domain.traits().remove("base")?)))
        .collect()
}
