//! Imports that run in a circle: what can only be understood together stands together, in few files of one feature.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    SourceFile,
    imports::{Arrows, arrows},
};

/// More files than this in one circle are one file cut at the wrong places.
const FILES: usize = 4;

pub(super) fn complaints(files: &[SourceFile]) -> Vec<String> {
    roots(files)
        .iter()
        .flat_map(|root| crate_complaints(&arrows(files, root), root))
        .collect()
}

fn roots(files: &[SourceFile]) -> BTreeSet<String> {
    let roots = files.iter().filter_map(|file| file.path.split_once("/src/"));
    roots.map(|(package, _)| format!("{package}/src/")).collect()
}

fn crate_complaints(arrows: &Arrows, root: &str) -> Vec<String> {
    let between_files = circles(arrows)
        .into_iter()
        .filter(|circle| circle.len() > FILES)
        .map(|circle| {
            format!(
                "{root}: {} files import each other in a circle, more than {FILES}: {}",
                circle.len(),
                ties(arrows, &circle)
            )
        });
    let features = between_features(arrows, root);
    let between_features = circles(&features)
        .into_iter()
        .filter(|circle| circle.len() > 1)
        .map(|circle| {
            format!(
                "{root}: features import each other in a circle: {}",
                ties(&features, &circle)
            )
        });
    between_files.chain(between_features).collect()
}

/// The arrows with each folder at the top as one place. Single files at the top tie features together and are none.
fn between_features(arrows: &Arrows, root: &str) -> Arrows {
    let feature = |path: &str| {
        path[root.len()..]
            .split_once('/')
            .map(|(folder, _)| folder.to_owned())
    };
    let mut features = Arrows::new();
    for (from, taken) in arrows {
        for (to, names) in taken {
            if let (Some(from), Some(to)) = (feature(from), feature(to))
                && from != to
            {
                let arrow = features.entry(from).or_default().entry(to).or_default();
                arrow.extend(names.iter().cloned());
            }
        }
    }
    features
}

/// Places that reach each other; each stands in one circle at most.
fn circles(arrows: &Arrows) -> Vec<BTreeSet<&str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|start| (start.as_str(), reached_from(arrows, start)))
        .collect();
    let mut found: Vec<BTreeSet<&str>> = Vec::new();
    for (start, reaches) in &reached {
        if reaches.contains(start) && !found.iter().any(|circle| circle.contains(start)) {
            let back = |other: &&str| reached.get(other).is_some_and(|reaches| reaches.contains(start));
            found.push(reaches.iter().copied().filter(back).collect());
        }
    }
    found
}

fn reached_from<'a>(arrows: &'a Arrows, start: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(place) = open.pop() {
        for next in arrows.get(place).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    reached
}

fn ties(arrows: &Arrows, circle: &BTreeSet<&str>) -> String {
    let mut ties = Vec::new();
    for from in circle {
        let taken = arrows[*from]
            .iter()
            .filter(|(to, _)| circle.contains(to.as_str()));
        for (to, names) in taken {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            ties.push(format!("\n  {from} -> {to}: {}", names.join(", ")));
        }
    }
    ties.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile::new(&format!("crates/x/src/{path}"), *text))
            .collect();
        complaints(&files)
    }

    #[test]
    fn a_circle_of_many_files_is_told_once_with_what_ties_it() {
        let files = [
            ("f/a.rs", "use super::b::B;"),
            ("f/b.rs", "use super::c::C;"),
            ("f/c.rs", "use super::d::D;"),
            ("f/d.rs", "use super::e::E;"),
            ("f/e.rs", "use super::a::A;"),
        ];
        let found = check(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("5 files") && found[0].contains("e.rs -> crates/x/src/f/a.rs: A"),
            "{found:?}"
        );
        assert!(check(&files[..4]).is_empty());
    }

    #[test]
    fn a_test_module_declared_at_the_top_hides_no_import() {
        let found = check(&[
            (
                "load/a.rs",
                "//! A.\n\n#[cfg(test)]\nmod golden;\n\nuse crate::follow::b::B;",
            ),
            ("load/c.rs", ""),
            (
                "follow/b.rs",
                "use crate::load::c::C;\n#[cfg(test)]\nmod tests {\n    use crate::x::X;\n}",
            ),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn two_features_do_not_import_each_other() {
        let found = check(&[
            ("load/a.rs", "use crate::follow::b::B;"),
            ("load/c.rs", ""),
            ("follow/b.rs", "use crate::load::c::C;"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("follow -> load: C"), "{found:?}");
    }
}
