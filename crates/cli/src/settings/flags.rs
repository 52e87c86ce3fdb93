//! The help and the environment variable of each flag that is a setting too, from the one table of settings.
//!
//! A flag that says nothing of itself is a setting, and is described here; one with a help of its own is left as it is.

use clap::Arg;

use super::keys::{Key, keys};

/// The flag as the table describes it, in the command of this name.
pub(crate) fn described(argument: Arg, command: &str) -> Arg {
    if argument.get_help().is_some() {
        return argument;
    }
    let Some(key) = argument.get_long().and_then(|flag| key(flag, command)) else {
        return argument;
    };
    let brief = match key.default {
        "" => key.brief.to_owned(),
        default => format!("{} [default: {default}]", key.brief),
    };
    let argument = argument.env(key.environment());
    match key.details {
        "" => argument.help(brief),
        // Lines are broken for the file; a terminal breaks its own.
        details => argument
            .long_help(format!("{brief}\n\n{}", details.replace('\n', " ")))
            .help(brief),
    }
}

/// A section of the command's name goes before others with the same flag.
fn key(flag: &str, command: &str) -> Option<&'static Key> {
    let has_flag = |key: &&Key| key.flag.strip_prefix("--") == Some(flag);
    keys()
        .filter(has_flag)
        .find(|key| key.section == command)
        .or_else(|| keys().find(has_flag))
}
