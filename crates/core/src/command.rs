//! What other processes may ask of the runner, through the target (design §3).

use std::{fmt, str::FromStr};

use transhume_wire::lsn::Lsn;

/// A request to the runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Stop applying at the next transaction end and say at which frontier. Expires unless renewed.
    Hold,
    /// While held: apply every transaction whose commit LSN is below this, and no other; then hold.
    AdvanceTo(Lsn),
    /// End the hold.
    Release,
    /// End the runner's process in order, the migration stays.
    Stop,
}

/// A row of `transhume.command` that this program cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown command \"{name}\" with argument \"{argument}\"")]
pub struct UnknownCommand {
    pub name: String,
    pub argument: String,
}

impl Command {
    pub fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::AdvanceTo(_) => "advance-to",
            Self::Release => "release",
            Self::Stop => "stop",
        }
    }

    pub fn argument(self) -> String {
        match self {
            Self::AdvanceTo(lsn) => lsn.to_string(),
            Self::Hold | Self::Release | Self::Stop => String::new(),
        }
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
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name(), self.argument())
    }
}
