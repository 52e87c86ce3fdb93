//! The program that prints a password: how it is written, and how it is run.
//!
//! Owns the words of the command and its one run. It is run as written, without a shell: who wants one writes `sh -c '…'`. What it
//! prints is the password and is shown nowhere, not even where the program fails; what it says on its standard error is not read,
//! since scripts that trace themselves print passwords there too.

use std::{fmt, process::Stdio, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tokio::{process::Command, time::timeout};

use crate::connection::conninfo::ConnectionSettings;

/// A first token of a cloud's own program takes some seconds; one that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest password that is taken, in bytes: tokens have some 2,500, PostgreSQL reads 65,535.
const LONGEST: usize = 65_535;

/// A command that is written down; Debug shows its program only, since secrets may stand among its arguments.
#[derive(Clone)]
pub struct PasswordCommand {
    program: String,
    arguments: Vec<String>,
}

/// Why there is no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordCommandError {
    #[error("the password command is empty, or a quote in it is not closed")]
    Unreadable,
    #[error("the password command {program} cannot be started: {reason}")]
    Unstarted { program: String, reason: String },
    #[error("the password command {program} failed ({status})")]
    Failed { program: String, status: String },
    #[error("the password command {program} did not end within {} s", PATIENCE.as_secs())]
    Slow { program: String },
    #[error("the password command {program} printed {what}")]
    Printed { program: String, what: &'static str },
}

impl PasswordCommand {
    /// Splits a line into words as a shell does: by spaces, with quotes and backslashes. Nothing in it is expanded.
    pub fn parse(line: &str) -> Result<Self, PasswordCommandError> {
        let mut words = shlex::split(line).unwrap_or_default().into_iter();
        let program = words.next().ok_or(PasswordCommandError::Unreadable)?;
        Ok(Self {
            program,
            arguments: words.collect(),
        })
    }

    /// Runs it once. It finds the server, the user and the database in PGHOST, PGPORT, PGUSER and PGDATABASE.
    pub(super) async fn run(
        &self,
        settings: &ConnectionSettings,
    ) -> Result<SecretString, PasswordCommandError> {
        let program = || self.program.clone();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(settings.named_server())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let output = match timeout(PATIENCE, command.output()).await {
            Err(_) => return Err(PasswordCommandError::Slow { program: program() }),
            Ok(Err(error)) => {
                return Err(PasswordCommandError::Unstarted {
                    program: program(),
                    reason: error.to_string(),
                });
            }
            Ok(Ok(output)) => output,
        };
        if !output.status.success() {
            return Err(PasswordCommandError::Failed {
                program: program(),
                status: output.status.to_string(),
            });
        }
        let printed = |what| PasswordCommandError::Printed {
            program: program(),
            what,
        };
        let text = String::from_utf8(output.stdout).map_err(|_| printed("what is not UTF-8"))?;
        let text = SecretString::from(text);
        let password = text.expose_secret().trim_end_matches(['\r', '\n']);
        match password {
            "" => Err(printed("nothing")),
            long if long.len() > LONGEST => Err(printed("more than a password can be")),
            lines if lines.contains(['\n', '\0']) => Err(printed("more than one line")),
            one => Ok(SecretString::from(one)),
        }
    }
}

impl PasswordCommandError {
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable => "write the program and its arguments as in a shell, such as \"az account get-access-token \
                 --resource-type oss-rdbms --query accessToken --output tsv\"; for pipes and variables write sh -c '…'"
                .to_owned(),
            _ => "run it by hand as the same user: it must print the password, as one line, and end with 0; what it prints is \
                  shown nowhere here"
                .to_owned(),
        }
    }
}

impl fmt::Debug for PasswordCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PasswordCommand({} …)", self.program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::conninfo::Environment;

    async fn run(line: &str) -> Result<String, PasswordCommandError> {
        let settings = ConnectionSettings::parse(
            "host=db.example.com user=ann dbname=shop",
            &Environment::of([("PGPASSWORD", "unused")]),
        )
        .unwrap();
        let password = PasswordCommand::parse(line)?.run(&settings).await?;
        Ok(password.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn a_command_is_run_as_written_and_a_shell_only_when_asked_for() {
        assert_eq!(run("echo 'a b' $HOME|x").await.unwrap(), "a b $HOME|x");
        let reported = "sh -c 'echo \"$PGUSER@$PGHOST:$PGPORT/$PGDATABASE\"'";
        assert_eq!(run(reported).await.unwrap(), "ann@db.example.com:5432/shop");
    }

    #[tokio::test]
    async fn what_is_no_password_is_refused_and_never_shown() {
        for (line, words) in [
            ("", "empty"),
            ("echo 'secret", "not closed"),
            ("/nowhere/at-all secret", "cannot be started"),
            ("sh -c 'echo secret; echo secret >&2; exit 3'", "exit status: 3"),
            ("true secret", "printed nothing"),
            ("printf 'secret\\nsecret\\n'", "more than one line"),
        ] {
            let error = run(line).await.unwrap_err();
            let reported = format!("{error} {error:?}");
            assert!(reported.contains(words), "{line}: {reported}");
            assert!(!reported.contains("secret"), "{reported}");
            assert!(!error.hint().is_empty());
        }
        let command = PasswordCommand::parse("vault --token secret").unwrap();
        assert!(!format!("{command:?}").contains("secret"));
    }
}
