//! Asking before what cannot be taken back.

use std::io::{self, BufRead, IsTerminal};

use super::Terminal;
use crate::failure::{Exit, Failure, Result};

/// Whether somebody will be asked.
pub(crate) fn is_asked(agreed: bool) -> bool {
    !agreed && io::stdin().is_terminal()
}

/// Returns only when the operator agreed, by `--yes` or by typing it.
pub(crate) fn confirm(terminal: &Terminal, agreed: bool, command: &str, consequence: &str) -> Result<()> {
    if agreed {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::new(format!(
            "`{command}` asks before it continues, and there is no terminal to ask on"
        ))
        .with_detail(consequence)
        .with_hint("add --yes to agree beforehand"));
    }
    terminal.warning(consequence);
    terminal.write_error("Type \"yes\" to go on: ");
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::new(format!("cannot read the answer: {error}")))?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(Failure::new("not agreed, so nothing was changed")
            .with_exit(Exit::OperatorMustAct)
            .with_hint(format!(
                "run `transhume {command}` again and type yes, or add --yes"
            ))),
    }
}
