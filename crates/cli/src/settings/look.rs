//! What is odd about settings that can be used: told by `config check`, and no reason to refuse them.

use std::{os::unix::fs::PermissionsExt, path::Path};

use super::{
    Config, databases,
    keys::{Key, keys},
};
use crate::show::terminal::secret::has_password;

/// Variables that are no settings of the file.
const OTHERS: [&str; 6] = [
    "TRANSHUME_CONFIG",
    "TRANSHUME_DATABASE",
    "TRANSHUME_LOG",
    "TRANSHUME_LOG_FORMAT",
    "TRANSHUME_LISTEN",
    "TRANSHUME_TOKEN_FILE",
];

/// A line for each variable that looks like one of ours and is none: a misspelt setting is a setting that does not hold.
pub(crate) fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let known = |name: &str| {
        OTHERS.contains(&name)
            || keys().map(Key::environment).any(|known| known == name)
            || databases::KEYS
                .iter()
                .map(Key::environment)
                .any(|known| known == name)
    };
    let mut unknown: Vec<String> = names
        .filter(|name| name.starts_with("TRANSHUME_") && !known(name))
        .collect();
    unknown.sort();
    unknown
        .iter()
        .map(|name| {
            format!("the environment variable {name} is no setting; `transhume init` writes them all")
        })
        .collect()
}

/// A file with a password in it that others of the machine can read.
pub(crate) fn readable_by_others(path: &Path, config: &Config) -> Option<String> {
    let urls = [&config.source, &config.target, &config.application.admin];
    let own = config
        .databases
        .iter()
        .flat_map(|database| [&database.source, &database.target]);
    let mut urls = urls.into_iter().chain(own).flatten();
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    let is_open = mode & 0o077 != 0;
    (is_open && urls.any(|url| has_password(url))).then(|| {
        format!(
            "{} holds a password and can be read by others (mode {:o}): chmod 600 {}",
            path.display(),
            mode & 0o777,
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_named() {
        let names = [
            "TRANSHUME_SOURCE",
            "TRANSHUME_LODERS",
            "TRANSHUME_LOG_FORMAT",
            "PATH",
        ];
        let reported = unknown_variables(names.map(str::to_owned).into_iter());
        assert_eq!(reported.len(), 1);
        assert!(reported[0].contains("TRANSHUME_LODERS"), "{reported:?}");
    }
}
