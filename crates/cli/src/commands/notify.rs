//! `notify`: whether the messages of `[[notify]]` arrive; and the messages beside commands that stay.

use clap::{Args, Subcommand};
use futures_util::future::join_all;
use transhume_engine::notify::{self, Notifier};

use crate::{
    failure::{Exit, Failure, Result},
    invocation::Invocation,
    settings::Config,
    show::{
        document::{Sent, Tried},
        terminal::{Terminal, style::Style},
    },
};

const EXAMPLES: &str = "\
Examples:
  transhume notify test                         one message on each way that transhume.toml names
  transhume notify test --name ops";

/// Try the messages that `run` and `serve` send
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: NotifyAction,
}

#[derive(Debug, Subcommand)]
enum NotifyAction {
    /// Send one message on each way out, and say whether it was taken
    Test(Test),
}

#[derive(Debug, Args)]
struct Test {
    /// Only on the one of this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Asks no server: one for all databases of the file.
pub(crate) async fn execute(arguments: &Arguments, settings: &Config, terminal: &Terminal) -> Result<Exit> {
    let NotifyAction::Test(test) = &arguments.action;
    let mut channels = settings.notify.clone();
    if let Some(name) = &test.name {
        channels.retain(|channel| channel.name == *name);
    }
    if channels.is_empty() {
        return Err(
            Failure::new("there is no one to send a message to").with_hint(match &test.name {
                Some(name) => format!("no [[notify]] section has the name \"{}\"", name.escape_debug()),
                None => {
                    "write a [[notify]] section into transhume.toml; `transhume init` shows one".to_owned()
                }
            }),
        );
    }
    let sent = notify::test(&channels, "").await;
    let sent = sent.into_iter().map(|(name, sent)| Sent {
        name,
        ok: sent.is_ok(),
        reason: sent.err().unwrap_or_default(),
    });
    let tried = Tried {
        version: 1,
        sent: sent.collect(),
    };
    terminal.print_result(test.json, &tried, text)?;
    Ok(if tried.sent.iter().all(|sent| sent.ok) {
        Exit::Success
    } else {
        Exit::NotDone
    })
}

fn text(tried: &Tried, _style: Style) -> String {
    let line = |sent: &Sent| {
        if sent.ok {
            format!("{}: sent\n", sent.name)
        } else {
            format!("{}: not sent: {}\n", sent.name, sent.reason)
        }
    };
    tried.sent.iter().map(line).collect()
}

/// Whoever is to be told of this database; none where nobody is.
fn notifier(member: &Invocation) -> Option<Notifier> {
    let channels = member.settings.notify.clone();
    if channels.is_empty() {
        return None;
    }
    let target = member.target().ok()?;
    let source = member.endpoints().ok().map(|endpoints| endpoints.source);
    Some(Notifier::new(channels, member.name().to_owned(), target, source))
}

/// Messages as long as the work goes on, and what its end has left to say.
pub(super) async fn beside(
    members: &[&Invocation],
    working: impl Future<Output = Result<Exit>>,
) -> Result<Exit> {
    let mut notifiers: Vec<(Notifier, &Terminal)> = members
        .iter()
        .filter_map(|member| Some((notifier(member)?, &member.terminal)))
        .collect();
    if notifiers.is_empty() {
        return working.await;
    }
    let tell = |terminal: &Terminal, (name, reason): &notify::Trouble| {
        terminal.warning(&format!("the message to {name} was not sent: {reason}"));
    };
    let watching = notifiers.iter_mut().map(|(notifier, terminal)| {
        let terminal: &Terminal = terminal;
        Box::pin(notifier.watch(move |trouble| tell(terminal, trouble)))
    });
    let ended = tokio::select! {
        ended = working => ended,
        _ = join_all(watching) => unreachable!("invariant: watching has no end of its own"),
    };
    let looking = notifiers.iter_mut().map(|(notifier, terminal)| {
        let terminal: &Terminal = terminal;
        Box::pin(notifier.last_look(move |trouble| tell(terminal, trouble)))
    });
    join_all(looking).await;
    ended
}
