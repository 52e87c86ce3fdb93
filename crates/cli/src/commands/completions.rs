//! `completions`: what a shell needs to complete this program's command line.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::{
    failure::{Exit, Result},
    show::terminal::Terminal,
};

const EXAMPLES: &str = "\
Examples:
  transhume completions bash > /etc/bash_completion.d/transhume
  transhume completions zsh > /usr/local/share/zsh/site-functions/_transhume
  transhume completions fish > ~/.config/fish/completions/transhume.fish";

/// Print completions for a shell
///
/// The Debian package brings those of bash, zsh and fish along.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The shell to print them for
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn execute(arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    let mut command = super::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(arguments.shell, &mut command, name, &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
