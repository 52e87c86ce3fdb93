//! Whether materialized views hold the same rows: each side's are as old as its last REFRESH, so a
//! difference is told as a warning. One that the role may not read is told as not compared.

use std::collections::{BTreeMap, BTreeSet};

use transhume_core::{
    count::counted,
    finding::{Finding, Remedy},
    selection::Selector,
    verify::objects::{Object, ObjectKind, for_people},
};
use transhume_pg::verify::objects;

use super::{ObjectComparison, Sides};
use crate::error::{Doing, Result};

/// Quoted names, each with its quoted columns in order of name.
pub(super) type Views = BTreeMap<String, Vec<String>>;

/// Views that both sides have filled, with the same columns.
pub(super) fn common(source: &[Object], target: &[Object], selector: &Selector) -> Views {
    let (mut left, right) = (filled(source, selector), filled(target, selector));
    left.retain(|name, columns| right.get(name) == Some(columns));
    left
}

fn filled(objects: &[Object], selector: &Selector) -> Views {
    let is_selected = |object: &&Object| {
        object
            .relation
            .as_ref()
            .is_some_and(|name| selector.selects(name))
    };
    let names: BTreeSet<&String> = objects
        .iter()
        .filter(|object| object.kind == ObjectKind::MaterializedView)
        .filter(is_selected)
        .filter(|object| !object.traits().contains_key("populated"))
        .map(|object| &object.name)
        .collect();
    let mut views: Views = names.into_iter().map(|name| (name.clone(), Vec::new())).collect();
    for object in objects.iter().filter(|object| object.kind == ObjectKind::Column) {
        let relation = object
            .relation
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        if let Some(columns) = views.get_mut(&relation) {
            let own = object.name.strip_prefix(&format!("{relation}."));
            columns.push(own.unwrap_or(&object.name).to_owned());
        }
    }
    for columns in views.values_mut() {
        columns.sort();
    }
    views
}

pub(super) async fn compare(sides: &Sides, views: &Views, comparison: &mut ObjectComparison) -> Result<()> {
    for (name, columns) in views {
        let (left, right) = tokio::join!(
            objects::contents(&sides.source, name, columns),
            objects::contents(&sides.target, name, columns)
        );
        let shown = for_people(name);
        if let Some(refusal) = [&left, &right]
            .into_iter()
            .find_map(|read| read.as_ref().err()?.refusal())
        {
            let object = format!("materialized view {shown}");
            comparison.not_compared.push(Finding::warning(
                "not-compared",
                &object,
                format!("its rows: {}", refusal.message),
                format!("grant select on {name} to the role that compares, on both sides"),
            ));
            continue;
        }
        let left = left.doing(format!("reading {shown} on the source"))?;
        let right = right.doing(format!("reading {shown} on the target"))?;
        if left != right {
            comparison.findings.push(Finding::warning(
                "stale-materialized-view",
                &format!("materialized view {shown}"),
                format!(
                    "its contents differ ({} on the source, {} on the target): each side's are as old as its \
                     last refresh",
                    counted(left.rows, "row"),
                    counted(right.rows, "row")
                ),
                Remedy::run(format!("REFRESH MATERIALIZED VIEW {name}"))
                    .then(" on both sides; the cutover refreshes the target's"),
            ));
        }
    }
    Ok(())
}
