//! What a comparison of objects leaves out, told every time.

use transhume_core::{
    count::{counted, listed},
    finding::Finding,
    selection::Selector,
    verify::objects::{Object, ObjectKind, for_people},
};

const CODE: &str = "not-compared";

/// Never: it is not in a database's own schema archive, or belongs to one side alone.
const NEVER: [(&str, &str); 3] = [
    (
        "publications and subscriptions",
        "they belong to the side that they are on",
    ),
    (
        "roles, passwords and security labels",
        "they belong to the server, not to the database",
    ),
    (
        "owner, privileges and settings of the database itself, and of schemas that the server made",
        "they are the provider's or depend on the version",
    ),
];

pub(super) fn reasons(source: &[Object], selector: &Selector) -> Vec<Finding> {
    let mut reasons: Vec<Finding> = NEVER
        .iter()
        .map(|(what, why)| Finding::warning(CODE, what, *why, ""))
        .collect();
    let relations = source.iter().filter(|object| object.kind.is_relation());
    let is_selected = |object: &&Object| {
        object
            .relation
            .as_ref()
            .is_some_and(|name| selector.selects(name))
    };
    let (selected, others): (Vec<_>, Vec<_>) = relations.partition(is_selected);
    for table in selected
        .iter()
        .filter(|object| object.kind == ObjectKind::ForeignTable)
    {
        reasons.push(Finding::warning(
            CODE,
            &format!("foreign table {}", for_people(&table.name)),
            "its rows are on another server",
            "",
        ));
    }
    if !others.is_empty() {
        let message = format!(
            "outside of the selection: {}",
            counted(others.len(), "table or view")
        );
        reasons.push(Finding::warning(CODE, "", message, ""));
    }
    reasons
}

/// Objects whose texts the versions print differently, and the target could not print both.
pub(super) fn unread(objects: &[String]) -> Option<Finding> {
    let message = format!(
        "the text of {}: the two versions print it differently, and the target could not make both for a moment to compare \
         them; what it reads, its columns, owner and privileges were compared",
        listed(objects)
    );
    let remedy =
        "let the role make temporary tables there (GRANT TEMPORARY ON DATABASE …), where it may write";
    (!objects.is_empty()).then(|| Finding::warning(CODE, "", message, remedy))
}
