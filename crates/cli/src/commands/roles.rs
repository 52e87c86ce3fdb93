//! `roles`: what the target lacks of the source's roles, as a script that is printed or run.

use std::fmt::Write;

use clap::Args;
use transhume_engine::roles::{RoleStatement, RolesOptions, RolesReport, StatementOutcome, roles};

use crate::{
    arguments::RoleArguments,
    failure::{Exit, Result},
    invocation::Invocation,
    settings::Config,
    show::{progress::shown, terminal::style::Style},
};

const EXAMPLES: &str = "\
Examples:
  transhume roles                               print the script; nothing is changed
  transhume roles --roles postgres=azadmin      azadmin stands for postgres
  transhume roles --apply                       run it on the target
  transhume roles --apply --passwords           with the SCRAM secrets, where the source lets them be read
  transhume roles --json | jq '.need_password'";

/// Give the target the roles that the source's database needs
///
/// Prints a script that can be run again: every role that owns something, is granted something, or has a session, with
/// members and groups, attributes, limits, validity and settings, and the grants that the migration itself needs. Each
/// statement is tried on the target and rolled back. Nothing is taken from a role that is there. Attributes that the target's
/// service keeps for itself (superuser, replication, bypassrls), predefined roles that it grants to nobody (pg_write_all_data), and what
/// the owner of the database alone may set are left out and named. Exits with 1 where anything else is refused.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    roles: RoleArguments,
    /// Run the script on the target
    #[arg(long)]
    apply: bool,
    /// Carry passwords as SCRAM secrets; a printed script holds them
    #[arg(long)]
    passwords: bool,
    /// Print statements and what became of them as JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        self.roles.overlay(settings);
    }
}

pub(super) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let options = RolesOptions {
        selection: invocation.selection(),
        apply: arguments.apply,
        passwords: arguments.passwords,
    };
    let work = shown(&invocation.terminal, async |reporter| {
        roles(&endpoints, &options, reporter).await
    });
    let report = invocation.or_interrupted(work).await??;
    invocation
        .terminal
        .print_result(arguments.json, &report, script)?;
    Ok(if report.is_incomplete() {
        Exit::OperatorMustAct
    } else {
        Exit::Success
    })
}

/// Valid SQL throughout: whatever is not a statement is a comment.
fn script(report: &RolesReport, _style: Style) -> String {
    let mut text = String::new();
    comment(
        &mut text,
        &format!(
            "roles of {} for {}; the script can be run again",
            report.source, report.target
        ),
    );
    if report.statements.is_empty() {
        comment(&mut text, "the target lacks nothing of them");
    }
    for statement in &report.statements {
        push_statement(&mut text, statement);
    }
    if report.is_incomplete() {
        comment(
            &mut text,
            "what was refused is for an administrator of the target to run; a role is given away by who has it with admin option",
        );
    }
    for left in &report.left_out {
        let of = if left.role.is_empty() {
            String::new()
        } else {
            format!(" of {}", left.role)
        };
        comment(&mut text, &format!("left out: {}{of}: {}", left.what, left.why));
    }
    if report.secrets_unreadable {
        comment(
            &mut text,
            "the source does not let this role read secrets (pg_authid): passwords are not carried",
        );
    }
    if !report.need_password.is_empty() {
        let names = report.need_password.join(", ");
        comment(
            &mut text,
            &format!("need a password of their own on the target (\\password in psql): {names}"),
        );
    }
    text
}

fn push_statement(text: &mut String, statement: &RoleStatement) {
    let message = statement.message.as_deref().unwrap_or_default();
    match statement.outcome {
        StatementOutcome::Possible => push(text, &format!("{};", statement.sql)),
        StatementOutcome::Done => push(text, &format!("{}; -- done", statement.sql)),
        StatementOutcome::LeftOut if statement.is_of_owner => {
            comment(
                text,
                &format!("left out, for the owner of the target's database to run: {message}"),
            );
            push(text, &format!("{};", statement.sql));
        }
        StatementOutcome::LeftOut => {
            comment(
                text,
                &format!(
                    "left out, only an administrator of the target's service could: {}; ({message})",
                    statement.sql
                ),
            );
        }
        StatementOutcome::Refused => {
            comment(text, &format!("refused for the role that connects: {message}"));
            push(text, &format!("{};", statement.sql));
        }
    }
}

/// On one line, whatever a name holds.
fn comment(text: &mut String, words: &str) {
    let words: Vec<&str> = words.lines().collect();
    push(text, &format!("-- {}", words.join(" ")));
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing into a string cannot fail");
}
