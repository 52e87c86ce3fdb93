//! Extensions of the source: does the target have them, allow them, and in which version?

use std::collections::{BTreeMap, BTreeSet};

use super::observation::{Extension, Observed};
use super::platform;
use crate::count::counted;
use crate::finding::{Finding, Remedy};
use crate::shell;
use transhume_wire::ident::quote_identifier;

/// Part of every installation; no list names it.
const ALWAYS_THERE: &str = "plpgsql";

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    [available(observed), versions(observed)].concat()
}

fn available(observed: &Observed) -> Vec<Finding> {
    let installed: BTreeSet<&str> = observed
        .target
        .extensions
        .iter()
        .map(|extension| extension.name.as_str())
        .collect();
    let offered: BTreeSet<&str> = observed
        .target
        .available_extensions
        .iter()
        .map(|extension| extension.name.as_str())
        .collect();
    let allowed = platform::extension::allow_list(&observed.target.capabilities);
    let wanted: Vec<&Extension> = observed
        .source
        .extensions
        .iter()
        .filter(|extension| extension.name != ALWAYS_THERE)
        .filter(|extension| !observed.context.left_out_extensions.contains(&extension.name))
        .collect();
    // The service refuses a list with a name that it does not know.
    let to_be_made: Vec<&str> = wanted
        .iter()
        .map(|extension| extension.name.as_str())
        .filter(|name| offered.contains(name) && !installed.contains(name))
        .collect();
    let findings = wanted
        .iter()
        .filter(|extension| !installed.contains(extension.name.as_str()))
        .filter_map(|extension| {
            let name = extension.name.as_str();
            if !offered.contains(name) {
                return Some(missing(observed, name));
            }
            let (setting, names) = allowed.as_ref()?;
            (!names.contains(&name.to_lowercase()))
                .then(|| not_allowed(observed, name, setting, names, &to_be_made))
        })
        .collect();
    Finding::or_pass(
        findings,
        "extensions",
        format!(
            "the target offers all of the source's {}",
            counted(wanted.len(), "extension")
        ),
    )
}

/// With part of the database selected, an extension may be none of the migration's business.
fn finding(observed: &Observed, name: &str, message: String, remedy: Remedy) -> Finding {
    if observed.selector.is_everything() {
        Finding::blocker("extensions", name, message, remedy)
    } else {
        Finding::warning("extensions", name, message, remedy)
    }
}

fn missing(observed: &Observed, name: &str) -> Finding {
    finding(
        observed,
        name,
        format!("the target does not have the extension {name}"),
        platform::extension::missing(
            &observed.target.capabilities,
            format!(
                "--leave-out {}",
                shell::quoted(&format!("extension {}", as_identified(name)))
            ),
        ),
    )
}

/// As PostgreSQL identifies it, which is what `--leave-out` compares: quoted only where the name would be read otherwise.
fn as_identified(name: &str) -> String {
    let is_plain = name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_')
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if is_plain {
        name.to_owned()
    } else {
        quote_identifier(name)
    }
}

/// One command sets the whole list, so that it allows all that is wanted; the other findings point to it.
fn not_allowed(
    observed: &Observed,
    name: &str,
    setting: &str,
    names: &BTreeSet<String>,
    wanted: &[&str],
) -> Finding {
    let first = wanted
        .iter()
        .find(|wanted| !names.contains(&wanted.to_lowercase()));
    let remedy = match first {
        Some(first) if *first != name => Remedy::from(format!(
            "the command for the extension {first} allows this one too"
        )),
        _ => platform::extension::allow(&observed.target.capabilities, setting, names, wanted),
    };
    finding(
        observed,
        name,
        format!("the target's {setting} does not list the extension {name}"),
        remedy,
    )
}

fn versions(observed: &Observed) -> Vec<Finding> {
    let mut coming: BTreeMap<&str, &str> = observed
        .target
        .available_extensions
        .iter()
        .map(|extension| (extension.name.as_str(), extension.default_version.as_str()))
        .collect();
    for extension in &observed.target.extensions {
        coming.insert(&extension.name, &extension.version);
    }
    let findings = observed
        .source
        .extensions
        .iter()
        .filter_map(|extension| Some((extension, *coming.get(extension.name.as_str())?)))
        .filter(|(extension, version)| extension.version != *version)
        .map(|(extension, version)| {
            Finding::warning(
                "extension-versions",
                &extension.name,
                format!(
                    "the extension {} is {} on the source and {version} on the target",
                    extension.name, extension.version
                ),
                Remedy::from("read its release notes; where the source has that version too: ").then(
                    Remedy::run(format!(
                        "alter extension {} update;",
                        quote_identifier(&extension.name)
                    )),
                ),
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "extension-versions",
        "extensions have the same versions on both sides",
    )
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::healthy, *};
    use crate::{finding::Severity, selection::Selection};

    #[test]
    fn an_extension_that_the_target_lacks_blocks_a_whole_move_only() {
        let mut observed = healthy();
        observed.target.available_extensions.clear();
        assert_eq!(available(&observed)[0].severity, Severity::Blocker);
        let selection = Selection {
            include: vec!["shop".into()],
            ..Selection::default()
        };
        observed.selector = selection.selector().unwrap();
        assert_eq!(available(&observed)[0].severity, Severity::Warning);
    }

    #[test]
    fn an_extension_outside_the_allow_list_blocks_with_the_whole_new_list() {
        let mut observed = healthy();
        observed
            .target
            .capabilities
            .settings
            .insert("azure.extensions".into(), "pgcrypto,POSTGIS".into());
        let findings = available(&observed);
        assert_eq!(findings[0].severity, Severity::Blocker);
        assert!(
            findings[0].remedy.contains("--value hstore,pgcrypto,postgis\n"),
            "{findings:?}"
        );
        observed
            .target
            .capabilities
            .settings
            .insert("azure.extensions".into(), "HSTORE".into());
        assert_eq!(available(&observed)[0].severity, Severity::Pass);
    }

    #[test]
    fn different_versions_are_told() {
        let mut observed = healthy();
        observed.source.extensions[1].version = "1.4".into();
        assert_eq!(versions(&observed)[0].object, "hstore");
    }
}
