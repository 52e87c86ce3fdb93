//! Where the environment and the file name different databases: a shell of yesterday must not decide in silence.
//!
//! A flag is typed on purpose and says nothing; what wins is never changed here.

use transhume_engine::conninfo::{ConnectionSettings, Environment};

use super::Config;

/// A line for each side that both name, where they mean different databases; `variable` reads the environment.
pub(crate) fn disagreements(
    file: &Config,
    in_force: &Config,
    variable: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let sides = [
        ("source", &file.source, &in_force.source),
        ("target", &file.target, &in_force.target),
    ];
    sides
        .into_iter()
        .filter_map(|(side, file, in_force)| {
            let name = format!("TRANSHUME_{}", side.to_uppercase());
            let (file, in_force) = (file.as_deref()?, in_force.as_deref()?);
            if variable(&name).as_deref() != Some(in_force) {
                return None;
            }
            // What cannot be read is refused where it is used.
            let read = |text: &str| ConnectionSettings::parse(text, &Environment::of_process()).ok();
            let (wins, loses) = (read(in_force)?, read(file)?);
            let same = wins.host_label() == loses.host_label() && wins.database() == loses.database();
            (!same).then(|| {
                format!(
                    "{name} and the configuration file name different databases: the {side} is {wins}, of {name}, and not \
                     {loses}, of the file"
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(source: &str) -> Config {
        Config {
            source: Some(source.to_owned()),
            ..Config::default()
        }
    }

    #[test]
    fn only_the_environment_is_told_and_without_a_password() {
        let (ops, crm) = ("postgresql://u:hidden@s/ops", "postgresql://u:secret@s/crm");
        let reported = |file: &str, in_force: &str, set: Option<&str>| {
            disagreements(&config(file), &config(in_force), |name| {
                set.filter(|_| name == "TRANSHUME_SOURCE").map(str::to_owned)
            })
        };
        let lines = reported(ops, crm, Some(crm));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("/crm, of TRANSHUME_SOURCE") && lines[0].contains("/ops, of the file"));
        assert!(!lines[0].contains("secret") && !lines[0].contains("hidden"));
        // The same database by another user, and a flag that was typed.
        assert!(reported(ops, "postgresql://other@s/ops", Some("postgresql://other@s/ops")).is_empty());
        assert!(reported(ops, crm, None).is_empty());
    }
}
