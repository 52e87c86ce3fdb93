//! Partition trees that are moved as a whole, since their rows lie in other partitions on another server.

use super::observation::Observed;
use crate::{
    count::{counted, listed},
    finding::Finding,
    table::{Persistence, Placement, Table, TableKind},
};

const CODE: &str = "scattered-partitions";

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    let trees: Vec<&Table> = observed
        .source
        .tables
        .iter()
        .filter(|table| matches!(table.placement, Placement::Tree(_)))
        .collect();
    let findings = trees.iter().filter_map(|tree| obstacle(observed, tree)).collect();
    let moved = trees.iter().filter(|tree| observed.selects(&tree.name)).count();
    let message = match moved {
        0 => "no table is partitioned by a hash that differs between servers".to_owned(),
        _ => format!(
            "{} of partitions by the hash of an enum, which differs between servers, moved as a whole",
            counted(moved, "tree")
        ),
    };
    Finding::or_pass(findings, CODE, message)
}

fn obstacle(observed: &Observed, tree: &Table) -> Option<Finding> {
    let partitions: Vec<&Table> = observed
        .source
        .tables
        .iter()
        .filter(|table| matches!(&table.placement, Placement::Partition { tree: of, .. } if *of == tree.oid))
        .collect();
    let selected = partitions
        .iter()
        .filter(|partition| observed.selects(&partition.name))
        .count();
    let is_selected = observed.selects(&tree.name);
    if is_selected != (selected > 0) || is_selected && selected < partitions.len() {
        return Some(divided(tree));
    }
    let unmovable: Vec<String> = partitions
        .iter()
        .filter(|partition| {
            partition.kind == TableKind::Foreign || partition.persistence == Persistence::Unlogged
        })
        .map(|partition| partition.name.plain())
        .collect();
    (is_selected && !unmovable.is_empty()).then(|| unfollowed(tree, &unmovable))
}

fn divided(tree: &Table) -> Finding {
    let name = tree.name.plain();
    Finding::blocker(
        CODE,
        &name,
        format!(
            "{name} is partitioned by the hash of an enum, which differs between servers: its rows lie in other \
             partitions on the target, so they cannot be moved without each other, and the selection takes some"
        ),
        format!("take {name} and all its partitions into the selection, or none of them"),
    )
}

fn unfollowed(tree: &Table, partitions: &[String]) -> Finding {
    let name = tree.name.plain();
    Finding::blocker(
        CODE,
        &name,
        format!(
            "{name} is partitioned by the hash of an enum, which differs between servers: it is moved as a whole, and \
             changes of these partitions are not in the WAL (unlogged or foreign): {}",
            listed(partitions)
        ),
        "alter table … set logged; or detach them on the source; or leave the whole tree out of the selection",
    )
}

/// A tree with a partition that cannot be followed.
#[cfg(test)]
pub(super) fn unmovable() -> [Table; 2] {
    let mut partition = super::fixture::table("thing_0");
    partition.persistence = Persistence::Unlogged;
    partition.placement = Placement::Partition {
        tree: 1,
        key: Vec::new(),
    };
    let mut tree = super::fixture::table("thing");
    (tree.oid, tree.kind) = (1, TableKind::Partitioned);
    tree.placement = Placement::Tree(vec![partition.clone()]);
    [tree, partition]
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::healthy, *};
    use crate::{finding::Severity, selection::Selection};

    fn observed(of_partition: Persistence, exclude: &[&str]) -> Observed {
        let mut observed = healthy();
        let [tree, mut partition] = unmovable();
        partition.persistence = of_partition;
        observed.source.tables = vec![tree, partition];
        let selection = Selection {
            exclude: exclude.iter().map(ToString::to_string).collect(),
            ..Selection::default()
        };
        observed.selector = selection.selector().unwrap();
        observed
    }

    #[test]
    fn a_tree_is_moved_whole_or_not_at_all() {
        let of = |exclude: &[&str]| check(&observed(Persistence::Permanent, exclude)).remove(0);
        assert!(of(&[]).message.starts_with("1 tree of partitions by the hash"));
        assert_eq!(of(&["shop.thing*"]).severity, Severity::Pass);
        assert_eq!(of(&["shop.thing"]).severity, Severity::Blocker);
        assert_eq!(of(&["shop.thing_*"]).severity, Severity::Blocker);
    }

    #[test]
    fn what_cannot_be_followed_bars_the_tree() {
        let found = check(&observed(Persistence::Unlogged, &[])).remove(0);
        assert_eq!(found.severity, Severity::Blocker);
        assert!(found.message.contains("shop.thing_0"));
    }
}
