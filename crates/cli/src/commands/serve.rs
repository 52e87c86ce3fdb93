//! `serve`: the web console, until it is stopped.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::{group::Group, notify};
use crate::{
    console::{Listening, Token},
    failure::{Exit, Result},
    invocation::Invocation,
    show::terminal::Terminal,
};

const EXAMPLES: &str = "\
Examples:
  transhume serve                               then open http://127.0.0.1:8077
  transhume serve --listen 127.0.0.1:9000 --token-file /run/secrets/token
  transhume run --listen 127.0.0.1:8077         the same beside a run";

/// Show the migration in a browser, and its metrics to Prometheus
///
/// Works from any machine that reaches the target, with or without a runner. It speaks HTTP: to reach it from elsewhere,
/// put a proxy with TLS and a login in front of it, or a tunnel. Pages are read-only; actions need the token.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Address and port to listen on
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "TRANSHUME_LISTEN",
        default_value = "127.0.0.1:8077",
        value_parser = listening_at
    )]
    listen: SocketAddr,
    #[command(flatten)]
    token: TokenArguments,
}

/// Names are not looked up, but for the one that everybody writes for this machine.
pub(super) fn listening_at(text: &str) -> std::result::Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:");
    let text = port.map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    let wanted = "an IP address and a port are wanted, such as 127.0.0.1:8077 or [::1]:8077";
    text.parse().map_err(|_| wanted.to_owned())
}

/// Of every command that listens.
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// File with the token that allows actions; without it the console is read-only
    #[arg(long, value_name = "FILE", env = "TRANSHUME_TOKEN_FILE")]
    token_file: Option<PathBuf>,
}

impl TokenArguments {
    pub(super) fn read(&self) -> Result<Option<Token>> {
        self.token_file.as_deref().map(Token::read).transpose()
    }
}

pub(crate) async fn execute(arguments: &Arguments, members: &[&Invocation]) -> Result<Exit> {
    let terminal = &members[0].terminal;
    serve(arguments, members, terminal).await
}

/// One console for all databases of the file.
pub(super) async fn together(arguments: &Arguments, group: &Group) -> Result<Exit> {
    let members: Vec<&Invocation> = group.members.iter().collect();
    serve(arguments, &members, &group.terminal).await
}

async fn serve(arguments: &Arguments, members: &[&Invocation], terminal: &Terminal) -> Result<Exit> {
    let token = arguments.token.read()?;
    let listening = listen(arguments.listen, terminal).await?;
    let serving = async {
        listening.serve(members, token).await?;
        Ok(Exit::Success)
    };
    notify::beside(members, serving).await
}

/// Says where, and who can read it.
pub(super) async fn listen(address: SocketAddr, terminal: &Terminal) -> Result<Listening> {
    let listening = Listening::on(address).await?;
    if listening.is_reachable_from_elsewhere() {
        terminal.warning(
            "whoever reaches the console can read names of servers, databases and tables: put a proxy with TLS and a login \
             in front of it",
        );
    }
    terminal.note(&format!("the console answers on http://{}", listening.address));
    Ok(listening)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_may_be_called_by_its_name() {
        let address = |text: &str| listening_at(text).map(|address| address.to_string());
        assert_eq!(address("localhost:8077").as_deref(), Ok("127.0.0.1:8077"));
        assert_eq!(address("[::1]:8077").as_deref(), Ok("[::1]:8077"));
        for wrong in ["8077", "localhost", ":8077", "example.com:8077"] {
            assert!(
                address(wrong).is_err_and(|told| told.contains("such as")),
                "{wrong}"
            );
        }
    }
}
