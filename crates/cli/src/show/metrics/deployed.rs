//! What `deploy/monitoring` asks for is told: every metric and label in rules and dashboard is one of the catalogue.

use std::{collections::BTreeSet, fs, path::Path};

use super::catalog::METRICS;

fn deployed(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy/monitoring")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names with our prefix, each with what follows it.
fn asked(text: &str) -> Vec<(&str, &str)> {
    let starts = text.match_indices("transhume_").map(|(start, _)| &text[start..]);
    starts
        .map(|rest| {
            let end = rest
                .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                .unwrap_or(rest.len());
            (&rest["transhume_".len()..end], &rest[end..])
        })
        .collect()
}

/// The labels that a selector in braces compares.
fn labels(selector: &str) -> Vec<&str> {
    let Some(inside) = selector.strip_prefix('{').and_then(|rest| rest.split('}').next()) else {
        return Vec::new();
    };
    let comparisons = inside
        .split(',')
        .filter_map(|comparison| comparison.split(['=', '!']).next());
    comparisons
        .map(str::trim)
        .filter(|label| !label.is_empty())
        .collect()
}

#[test]
fn rules_and_dashboard_ask_only_for_what_is_told() {
    for file in ["alerts.yaml", "dashboard.json"] {
        let text = deployed(file);
        let found = asked(&text);
        assert!(found.len() > 8, "{file}: only {} metrics", found.len());
        for (name, rest) in found {
            let known = METRICS.iter().find(|metric| metric.name == name);
            assert!(known.is_some() || name == "up", "{file}: transhume_{name}");
            let own = known.map_or(&[][..], |metric| metric.labels);
            for label in labels(rest) {
                assert!(
                    ["database", "direction"].contains(&label) || own.contains(&label),
                    "{file}: transhume_{name} has no label {label}"
                );
            }
        }
    }
}

#[test]
fn the_rules_tell_what_to_do() {
    let text = deployed("alerts.yaml");
    let alerts: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    for alert in [
        "TranshumeRunnerGone",
        "TranshumeStreamStopped",
        "TranshumeLagGrowing",
        "TranshumeSlotFullSoon",
        "TranshumeSnapshotOld",
        "TranshumeDifferences",
        "TranshumeFallbackBehind",
    ] {
        assert!(alerts.contains(alert), "no {alert}: {alerts:?}");
    }
    for field in ["expr: ", "severity: ", "summary: ", "description: "] {
        let times = text.lines().filter(|line| line.trim().starts_with(field)).count();
        assert_eq!(times, alerts.len(), "{field}");
    }
}

#[test]
fn the_dashboard_is_json_whose_panels_do_not_overlap() {
    let dashboard: serde_json::Value = serde_json::from_str(&deployed("dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let place = |name: &str| panel["gridPos"][name].as_u64().expect("a place in the grid");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(x < 24 && taken.insert((x, y)), "{}", panel["title"]);
            }
        }
    }
}
