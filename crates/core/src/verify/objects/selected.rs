//! What of a database's objects the selection takes, as the schema archive is read: what belongs to a
//! relation goes with it; functions, types and the like come with the selected tables of their schema;
//! extensions always. A partition may come without its parent: it is a table of its own then.

use std::collections::BTreeSet;

use transhume_wire::ident::QualifiedName;

use super::{
    difference::TraitDifference,
    object::{Object, ObjectKind, qualified_names},
};
use crate::selection::Selector;

/// Why a trait differs on purpose.
const WITHOUT_PARENT: &str = "partitions and their indexes stand alone, since their parent is not selected";

/// The trait of a table that names its parents.
const PARENTS: &str = "inherits from";

pub(super) struct Selected<'a> {
    selector: &'a Selector,
    schemas: BTreeSet<String>,
    /// Selected tables whose parents are not.
    without_parent: BTreeSet<QualifiedName>,
}

impl<'a> Selected<'a> {
    pub(super) fn of(source: &[Object], selector: &'a Selector) -> Self {
        let relations = source.iter().filter_map(|object| object.relation.as_ref());
        let schemas = relations
            .filter(|name| selector.selects(name))
            .map(|name| name.schema.clone())
            .collect();
        let without_parent = source
            .iter()
            .filter(|object| object.kind == ObjectKind::Table && object.definition.contains(PARENTS))
            .filter(|object| {
                let parents = object.traits().remove(PARENTS).unwrap_or_default();
                !qualified_names(&parents)
                    .iter()
                    .all(|name| selector.selects(name))
            })
            .filter_map(|object| object.relation.clone())
            .collect();
        Self {
            selector,
            schemas,
            without_parent,
        }
    }

    pub(super) fn takes(&self, object: &Object) -> bool {
        match (&object.relation, &object.schema) {
            (Some(relation), _) => self.selector.selects(relation),
            _ if self.selector.is_everything() || object.kind == ObjectKind::Extension => true,
            _ if object.kind == ObjectKind::DefaultPrivileges => false,
            (None, Some(schema)) => self.schemas.contains(schema),
            (None, None) => false,
        }
    }

    pub(super) fn excuses(&self, object: &Object, differing: &TraitDifference) -> Option<&'static str> {
        let is_alone = object
            .relation
            .as_ref()
            .is_some_and(|relation| self.without_parent.contains(relation));
        let is_of_parent = matches!(
            differing.name.as_str(),
            PARENTS | "partition bound" | "attached to"
        );
        (is_alone && is_of_parent && differing.target.is_none()).then_some(WITHOUT_PARENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::Selection;

    fn object(kind: ObjectKind, relation: Option<&str>, schema: &str, definition: &str) -> Object {
        Object {
            kind,
            name: "x".to_owned(),
            schema: Some(schema.to_owned()),
            relation: relation.map(|name| QualifiedName::new("shop", name)),
            definition: definition.to_owned(),
            comment: None,
            text: None,
            privileges: None,
        }
    }

    fn selector(include: &str) -> Selector {
        let selection = Selection {
            include: vec![include.to_owned()],
            ..Selection::default()
        };
        selection.selector().unwrap()
    }

    #[test]
    fn functions_come_with_the_selected_tables_of_their_schema() {
        let selector = selector("shop.orders");
        let orders = object(ObjectKind::Table, Some("orders"), "shop", "{}");
        let selected = Selected::of(std::slice::from_ref(&orders), &selector);
        let takes = |kind, relation, schema| selected.takes(&object(kind, relation, schema, "{}"));
        assert!(selected.takes(&orders));
        assert!(!takes(ObjectKind::Table, Some("other"), "shop"));
        assert!(takes(ObjectKind::Function, None, "shop"));
        assert!(!takes(ObjectKind::Function, None, "elsewhere"));
        assert!(takes(ObjectKind::Extension, None, "elsewhere"));
        assert!(!takes(ObjectKind::DefaultPrivileges, None, "shop"));
    }

    #[test]
    fn a_partition_is_excused_only_without_its_parent() {
        let part = object(
            ObjectKind::Table,
            Some("part"),
            "shop",
            r#"{"inherits from":"\"shop\".\"whole, or not\""}"#,
        );
        let bound = TraitDifference {
            name: "partition bound".to_owned(),
            source: Some("DEFAULT".to_owned()),
            target: None,
        };
        let excused = |include: &str| {
            let selector = selector(include);
            let selected = Selected::of(std::slice::from_ref(&part), &selector);
            selected.excuses(&part, &bound).is_some()
        };
        assert!(excused("shop.part"));
        assert!(!excused("shop"));
    }
}
