//! Extensions as a service keeps them: a list of what may be created, and libraries that must be loaded as the server starts.

use std::collections::BTreeSet;

use super::{
    Platform,
    remedy::{self, Effect},
};
use crate::{assess::capability::Capabilities, count::listed, finding::Remedy};

/// Extensions that work only where the server has loaded their library at its start, and the library's name.
const PRELOADED: [(&str, &str); 9] = [
    ("age", "age"),
    ("anon", "anon"),
    ("pg_cron", "pg_cron"),
    ("pg_hint_plan", "pg_hint_plan"),
    ("pg_squeeze", "pg_squeeze"),
    ("pg_stat_statements", "pg_stat_statements"),
    ("pgaudit", "pgaudit"),
    ("pglogical", "pglogical"),
    ("timescaledb", "timescaledb"),
];

const LIBRARIES: &str = "shared_preload_libraries";

/// The setting in which a service keeps what may be created, and its names; none where everything offered may be created.
pub(in crate::assess) fn allow_list(end: &Capabilities) -> Option<(&'static str, BTreeSet<String>)> {
    let (setting, list) = ["azure.extensions", "rds.allowed_extensions"]
        .into_iter()
        .find_map(|name| Some((name, end.setting(name)?)))?;
    let names: BTreeSet<String> = list
        .split(',')
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    (!names.contains("*")).then_some((setting, names))
}

/// Sets the whole list, so that it allows all that is wanted: one command for all, which undoes nothing.
pub(in crate::assess) fn allow(
    end: &Capabilities,
    setting: &str,
    allowed: &BTreeSet<String>,
    wanted: &[&str],
) -> Remedy {
    let wanted: BTreeSet<String> = wanted.iter().map(|name| name.to_lowercase()).collect();
    let list: Vec<&str> = allowed.union(&wanted).map(String::as_str).collect();
    let allowing = remedy::set(end, "target", &[(setting, &list.join(","))], Effect::Reload);
    match preloading(end, &wanted) {
        Some(preloading) => allowing.with_comment(&format!("\n{preloading}")),
        None => allowing,
    }
}

/// The libraries that the wanted ones need as the server starts and that are not loaded.
fn preloading(end: &Capabilities, wanted: &BTreeSet<String>) -> Option<String> {
    let loaded = end.setting(LIBRARIES);
    let is_loaded = |library: &str| {
        loaded.is_some_and(|list| {
            list.split(',')
                .any(|name| name.trim().trim_matches('"') == library)
        })
    };
    let missing: Vec<&str> = PRELOADED
        .iter()
        .filter(|(extension, library)| wanted.contains(*extension) && !is_loaded(library))
        .map(|(_, library)| *library)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let Some(loaded) = loaded else {
        return Some(format!(
            "# see that {LIBRARIES} has {}, which this role may not read, and restart the target",
            missing.join(", ")
        ));
    };
    let mut all: Vec<&str> = loaded
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    all.extend(&missing);
    let setting = remedy::set(end, "target", &[(LIBRARIES, &all.join(","))], Effect::Restart);
    Some(format!(
        "# {} must be loaded as the server starts:\n{setting}",
        listed(missing.iter().copied())
    ))
}

/// What to do about an extension that the target does not have at all: `leaving_out` is the option that does without it.
pub(in crate::assess) fn missing(end: &Capabilities, leaving_out: String) -> Remedy {
    let words = match Platform::of(end) {
        Platform::Plain => {
            "install the extension's files on the target's server; or leave it out: ".to_owned()
        }
        platform => format!("{} does not offer it, so leave it out: ", platform.name()),
    };
    Remedy::from(words).then(Remedy::run(leaving_out))
}
