//! What other processes may ask of the runner, through the target (design §3).

use std::{fmt, str::FromStr};

use transhume_wire::lsn::Lsn;

/// A request to the runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Stop applying at the next transaction end and say at which frontier. Expires unless renewed.
    Hold,
    /// While held: apply every transaction whose commit LSN is below this, and no other; then hold.
    AdvanceTo(Lsn),
    /// End the hold.
    Release,
    /// End the runner's process in order, the migration stays.
    Stop,
    /// Empty these tables (OIDs on the source) and load them anew while the rest goes on.
    Reload(Vec<u32>),
    /// Take these tables (OIDs on the source) into the migration while the rest goes on.
    Add(Vec<u32>),
    /// Neither apply nor load these tables until they are loaded anew.
    Suspend(Vec<u32>),
    /// Nobody takes up a further part of the full load while this stands; needs no runner to be in force.
    Pause,
    /// End the pause.
    Resume,
}

/// A row of `transhume.command` that this program cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown command \"{name}\" with argument \"{argument}\"")]
pub struct UnknownCommand {
    pub name: String,
    pub argument: String,
}

impl Command {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::AdvanceTo(_) => "advance-to",
            Self::Release => "release",
            Self::Stop => "stop",
            Self::Reload(_) => "reload",
            Self::Add(_) => "add",
            Self::Suspend(_) => "suspend",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }

    pub fn argument(&self) -> String {
        match self {
            Self::AdvanceTo(lsn) => lsn.to_string(),
            Self::Reload(tables) | Self::Add(tables) | Self::Suspend(tables) => {
                let oids: Vec<_> = tables.iter().map(u32::to_string).collect();
                oids.join(",")
            }
            Self::Hold | Self::Release | Self::Stop | Self::Pause | Self::Resume => String::new(),
        }
    }

    /// It changes which tables are loaded, which only whoever loads them can do.
    pub fn concerns_tables(&self) -> bool {
        matches!(self, Self::Reload(_) | Self::Add(_) | Self::Suspend(_))
    }

    pub fn parse(name: &str, argument: &str) -> Result<Self, UnknownCommand> {
        let unknown = || UnknownCommand {
            name: name.to_owned(),
            argument: argument.to_owned(),
        };
        match name {
            "hold" => Ok(Self::Hold),
            "advance-to" => Lsn::from_str(argument)
                .map(Self::AdvanceTo)
                .map_err(|_| unknown()),
            "release" => Ok(Self::Release),
            "stop" => Ok(Self::Stop),
            "reload" => oids(argument).map(Self::Reload).ok_or_else(unknown),
            "add" => oids(argument).map(Self::Add).ok_or_else(unknown),
            "suspend" => oids(argument).map(Self::Suspend).ok_or_else(unknown),
            "pause" => Ok(Self::Pause),
            "resume" => Ok(Self::Resume),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name(), self.argument())
    }
}

/// OIDs between commas; none of them is no request.
fn oids(argument: &str) -> Option<Vec<u32>> {
    argument.split(',').map(|oid| oid.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_reads_back_what_its_row_holds() {
        for command in [
            Command::Hold,
            Command::AdvanceTo(Lsn(7)),
            Command::Release,
            Command::Stop,
            Command::Reload(vec![16384, 4_294_967_295]),
            Command::Add(vec![2]),
            Command::Suspend(vec![1]),
        ] {
            assert_eq!(Command::parse(command.name(), &command.argument()), Ok(command));
        }
    }

    #[test]
    fn a_request_that_names_no_table_is_unknown() {
        assert!(Command::parse("reload", "").is_err());
        assert!(Command::parse("suspend", "1,x").is_err());
    }
}
