//! A change of a type in words.

use super::{TypeChange, TypeChangeKind};

impl TypeChange {
    /// One clause; the type is named elsewhere.
    pub fn message(&self) -> String {
        let shown = |name: &str| name.escape_debug().to_string();
        match &self.kind {
            TypeChangeKind::New(_) => "the target does not have the type".to_owned(),
            TypeChangeKind::LabelRenamed { before, after } => format!(
                "its label \"{}\" is called \"{}\" on the source now",
                shown(before),
                shown(after)
            ),
            TypeChangeKind::LabelNew(missing) => {
                format!(
                    "the enum has the label \"{}\" on the source only",
                    shown(&missing.label)
                )
            }
            TypeChangeKind::AttributeNew(attribute) => {
                format!(
                    "the target does not have its attribute {}",
                    shown(&attribute.name)
                )
            }
            TypeChangeKind::AttributeGone { name } => {
                format!("its attribute {} is gone on the source", shown(name))
            }
            TypeChangeKind::AttributeRenamed { before, after } => format!(
                "its attribute {} is called {} on the source now",
                shown(before),
                shown(after)
            ),
            TypeChangeKind::AttributeRetyped(attribute) => format!(
                "its attribute {} is a {} on the source now",
                shown(&attribute.name),
                attribute.type_name
            ),
            TypeChangeKind::DomainNotNull(true) => "the domain takes no null on the source now".to_owned(),
            TypeChangeKind::DomainDefault(Some(default)) => {
                format!("the domain's default is {default} on the source now")
            }
            TypeChangeKind::DomainDefault(None) => "the domain has no default on the source now".to_owned(),
            TypeChangeKind::DomainNotNull(false) => "the domain takes null on the source now".to_owned(),
            TypeChangeKind::ConstraintNew(constraint) => {
                format!(
                    "the domain has the constraint {} on the source only",
                    shown(&constraint.name)
                )
            }
            TypeChangeKind::ConstraintGone { name } => {
                format!("the domain has the constraint {} on the target only", shown(name))
            }
        }
    }

    /// The label that is new, quoted.
    pub fn label(&self) -> Option<String> {
        match &self.kind {
            TypeChangeKind::LabelNew(missing) => {
                Some(format!("the label \"{}\"", missing.label.escape_debug()))
            }
            _ => None,
        }
    }

    /// Nothing that is there means anything else afterwards.
    pub fn only_adds_a_label(&self) -> bool {
        matches!(self.kind, TypeChangeKind::LabelNew(_))
    }
}
