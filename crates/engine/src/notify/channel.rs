//! The ways out: a webhook, Slack's form of one, mail, a command. Each sends one message, tried again where it fails.
//!
//! Invariant: addresses and passwords are in no error and in no `Debug`.

use std::{fmt, time::Duration};

use lettre::{
    SmtpTransport, Transport,
    message::{Mailbox, header::ContentType},
};
use transhume_core::notify::{EventKind, Urgency};

use super::{events::Event, message::Message};
use crate::call::{Called, command, post};

/// Before the second try; doubled for each later one, so that four tries with their time-outs end within two minutes.
const PAUSE: Duration = Duration::from_secs(2);

/// A text that is never shown: an address with a token, a command with a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// A POST with the message as JSON.
    Webhook(Hidden),
    /// A POST of Slack's form.
    Slack(Hidden),
    Mail {
        /// `smtps://user:password@host`.
        server: Hidden,
        from: Mailbox,
        to: Vec<Mailbox>,
    },
    /// For the shell; the message is JSON on its stdin, and in variables.
    Command(Hidden),
}

impl ChannelKind {
    /// Why not, where an address is none; what is wrong is never repeated.
    pub fn mail(server: Hidden, from: &str, to: &[String]) -> Result<Self, String> {
        let address = |text: &str| -> Result<Mailbox, String> {
            text.parse()
                .map_err(|_| format!("\"{}\" is no mail address", text.escape_debug()))
        };
        SmtpTransport::from_url(&server.0)
            .map_err(|_| "the address of the mail server cannot be read".to_owned())?;
        Ok(Self::Mail {
            server,
            from: address(from)?,
            to: to.iter().map(|to| address(to)).collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// What it is remembered by.
    pub name: String,
    pub way: ChannelKind,
    /// None where all are wanted.
    pub events: Option<Vec<EventKind>>,
    /// What matters less is left out.
    pub least: Urgency,
    /// How often it is tried again.
    pub retries: u32,
    /// How long one try may take.
    pub timeout: Duration,
}

impl Channel {
    pub(super) fn wants(&self, event: &Event) -> bool {
        let is_listed = |events: &Vec<EventKind>| events.contains(&event.kind);
        event.urgency() >= self.least && self.events.as_ref().is_none_or(is_listed)
    }

    pub(super) async fn send(&self, message: &Message) -> Called {
        let mut tries = 0;
        loop {
            let ended = self.send_once(message).await;
            if ended.is_ok() || tries == self.retries {
                return ended.map_err(|reason| self.without_secret(&reason));
            }
            tokio::time::sleep(PAUSE * 2_u32.saturating_pow(tries)).await;
            tries += 1;
        }
    }

    async fn send_once(&self, message: &Message) -> Called {
        match &self.way {
            ChannelKind::Webhook(Hidden(address)) => {
                post(address.clone(), message.json(), self.timeout).await
            }
            ChannelKind::Slack(Hidden(address)) => post(address.clone(), message.slack(), self.timeout).await,
            ChannelKind::Command(Hidden(action)) => {
                command(action, message.json(), message.variables(), self.timeout).await
            }
            ChannelKind::Mail { server, from, to } => mail(server, from, to, message, self.timeout).await,
        }
    }

    /// Whatever a library or a program says of it.
    fn without_secret(&self, reason: &str) -> String {
        let (ChannelKind::Webhook(secret)
        | ChannelKind::Slack(secret)
        | ChannelKind::Command(secret)
        | ChannelKind::Mail { server: secret, .. }) = &self.way;
        reason.replace(&secret.0, "***")
    }
}

async fn mail(
    Hidden(server): &Hidden,
    from: &Mailbox,
    to: &[Mailbox],
    message: &Message,
    timeout: Duration,
) -> Called {
    let builder = lettre::Message::builder()
        .from(from.clone())
        .subject(message.subject())
        .header(ContentType::TEXT_PLAIN);
    let builder = to.iter().fold(builder, |builder, to| builder.to(to.clone()));
    let mail = builder
        .body(message.text())
        .map_err(|error| format!("the mail cannot be written: {error}"))?;
    let transport = SmtpTransport::from_url(server)
        .map_err(|_| "the address of the mail server cannot be used".to_owned())?
        .timeout(Some(timeout))
        .build();
    let sending = tokio::task::spawn_blocking(move || transport.send(&mail));
    match sending.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(least: Urgency, events: Option<Vec<EventKind>>) -> Channel {
        Channel {
            name: "ops".to_owned(),
            way: ChannelKind::Webhook(Hidden::new("https://hooks.example.com/T0/s3cret")),
            events,
            least,
            retries: 0,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn only_what_is_wanted_is_sent() {
        let (gone, began) = (
            Event::of(EventKind::RunnerGone, "", "gone"),
            Event::of(EventKind::Phase, "", "began"),
        );
        let grave = channel(Urgency::Warning, None);
        assert!(grave.wants(&gone) && !grave.wants(&began));
        let phases = channel(Urgency::Info, Some(vec![EventKind::Phase]));
        assert!(!phases.wants(&gone) && phases.wants(&began));
    }

    #[test]
    fn no_secret_is_shown() {
        let channel = channel(Urgency::Info, None);
        assert!(!format!("{channel:?}").contains("s3cret"));
        let reason = "https://hooks.example.com/T0/s3cret: refused";
        assert_eq!(channel.without_secret(reason), "***: refused");
    }
}
