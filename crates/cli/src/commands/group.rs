//! Several databases of one file: each command for all of them, or for the one that was chosen.
//!
//! Each is a migration of its own with its own state, so all that is common is who starts them and who
//! tells of them. What one says on stderr begins with its name; results are told together. The exit code is
//! the one that asks most of the operator; a failure of one ends no other.

use futures_util::future::join_all;
use transhume_engine::cutover::Ballot;

use crate::{
    failure::{Exit, Failure, Result},
    invocation::Invocation,
    settings::Database,
    show::terminal::{Terminal, together::Together},
};

/// Whom a command is for.
pub(super) enum Members {
    One(Box<Invocation>),
    Several(Group),
}

/// All databases of the file.
pub(super) struct Group {
    pub(super) members: Vec<Invocation>,
    pub(super) terminal: Terminal,
    together: Together,
}

pub(super) fn members(invocation: Invocation, chosen: Option<&str>) -> Result<Members> {
    let databases = invocation.settings.databases.clone();
    let Some(name) = chosen else {
        return Ok(match databases.as_slice() {
            [] => Members::One(Box::new(invocation)),
            [only] => Members::One(Box::new(
                invocation.of_database(only, invocation.terminal.clone()),
            )),
            several => Members::Several(Group::new(&invocation, several)),
        });
    };
    match databases.iter().find(|database| database.name == name) {
        Some(database) => {
            let only = invocation.of_database(database, invocation.terminal.clone());
            Ok(Members::One(Box::new(only)))
        }
        None => Err(unknown(name, &databases)),
    }
}

fn unknown(name: &str, databases: &[Database]) -> Failure {
    let names: Vec<&str> = databases.iter().map(|database| database.name.as_str()).collect();
    let hint = if names.is_empty() {
        "write a [[database]] section for it into transhume.toml, or leave --database out".to_owned()
    } else {
        format!("it has {}", names.join(", "))
    };
    Failure::new(format!(
        "the configuration has no database \"{}\"",
        name.escape_debug()
    ))
    .with_hint(hint)
}

impl Group {
    fn new(invocation: &Invocation, databases: &[Database]) -> Self {
        let together = Together::default();
        let member = |database: &Database| {
            let terminal = invocation.terminal.of_database(&database.name, &together);
            invocation.of_database(database, terminal)
        };
        Self {
            members: databases.iter().map(member).collect(),
            terminal: invocation.terminal.clone(),
            together,
        }
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.members.iter().map(Invocation::name).collect()
    }

    /// A vote for each member.
    pub(super) fn ballots(&self) -> impl Iterator<Item = Ballot> {
        Ballot::of(self.members.len()).into_iter()
    }

    pub(super) async fn at_once<'a, Work>(
        &'a self,
        mut work: impl FnMut(&'a Invocation) -> Work,
    ) -> Result<Exit>
    where
        Work: Future<Output = Result<Exit>>,
    {
        let ends = join_all(self.members.iter().map(|member| {
            // One whole migration is a large future.
            let working = Box::pin(work(member));
            async { reported(member, working.await) }
        }));
        let ends = ends.await;
        self.tell(&ends)
    }

    pub(super) async fn in_turn<'a, Work>(
        &'a self,
        mut work: impl FnMut(&'a Invocation) -> Work,
    ) -> Result<Exit>
    where
        Work: Future<Output = Result<Exit>>,
    {
        let mut ends = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let end = Box::pin(work(member)).await;
            ends.push(reported(member, end));
        }
        self.tell(&ends)
    }

    /// Prints all results; the exit code is the gravest.
    fn tell(&self, ends: &[Exit]) -> Result<Exit> {
        self.terminal.print_together(&self.names(), &self.together)?;
        Ok(ends
            .iter()
            .copied()
            .max_by_key(|exit| *exit as u8)
            .unwrap_or(Exit::Success))
    }
}

/// A failure is told at once: the others may go on for days.
fn reported(member: &Invocation, end: Result<Exit>) -> Exit {
    end.unwrap_or_else(|failure| {
        member.terminal.failure(&failure);
        failure.exit
    })
}
