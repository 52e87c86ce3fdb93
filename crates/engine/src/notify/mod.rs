//! Messages to people: what happened to a migration, sent once to whoever asked for it.
//!
//! Owns the loop that looks at the status, sees what is new ([`events`]), and sends it on each way out ([`channel`]). Refuses
//! decisions about a migration: a message that cannot be sent is told and holds nothing up. Invariants: an event is claimed on the
//! target before it is sent, so that neither a restart nor a second process says it again; no secret is in a message.

mod channel;
mod events;
mod message;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use transhume_core::notify::{QUIET, Turn};
use transhume_pg::{connection::conninfo::ConnectionSettings, state::notification};

use self::events::{Event, events};
pub use self::{
    channel::{Channel, ChannelKind, Hidden},
    message::Message,
};
use crate::{
    door,
    error::{Doing, Result},
    status::{self, Status},
};
pub use transhume_core::notify::{EventKind, Urgency};

/// Between two looks: soon enough for people, and a few queries on the target.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// The last look at the end of a run may take this long, with all that is sent then.
const LAST_LOOK: Duration = Duration::from_secs(60);

/// One migration that people are told about.
pub struct Notifier {
    channels: Vec<Channel>,
    /// The name of the database, where the file names several.
    database: String,
    target: ConnectionSettings,
    source: Option<ConnectionSettings>,
    /// Since when each event stands.
    since: BTreeMap<String, Instant>,
    /// What each way out has said, so that the target is asked only of what is new.
    said: Vec<BTreeSet<String>>,
    /// When it was said that the state cannot be read: nobody else can be asked whether it was.
    unreadable: Option<Instant>,
    /// Of the last look that could be read: what is unreadable then is still named.
    last: Option<Box<Status>>,
}

/// What could not be sent, for whoever runs this: name of the way out, and why.
pub type Trouble = (String, String);

impl Notifier {
    pub fn new(
        channels: Vec<Channel>,
        database: String,
        target: ConnectionSettings,
        source: Option<ConnectionSettings>,
    ) -> Self {
        Self {
            said: channels.iter().map(|_| BTreeSet::new()).collect(),
            channels,
            database,
            target,
            source,
            since: BTreeMap::new(),
            unreadable: None,
            last: None,
        }
    }

    /// Looks until it is dropped; `tell` hears of what could not be sent.
    pub async fn watch(&mut self, tell: impl Fn(&Trouble)) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            for trouble in Box::pin(self.look()).await {
                tell(&trouble);
            }
        }
    }

    /// Once more, for what the end of a run has left.
    pub async fn last_look(&mut self, tell: impl Fn(&Trouble)) {
        let looked = tokio::time::timeout(LAST_LOOK, Box::pin(self.look())).await;
        for trouble in looked.unwrap_or_default() {
            tell(&trouble);
        }
    }

    async fn look(&mut self) -> Vec<Trouble> {
        let read = Box::pin(self.read()).await;
        let now = Instant::now();
        match read {
            Ok(status) => {
                let found = events(&status);
                self.last = Some(Box::new(status));
                let settled = settled(&mut self.since, found, now);
                match Box::pin(self.claim(&settled)).await {
                    Ok(claimed) => self.send(claimed).await,
                    Err(error) => vec![("the state".to_owned(), error.to_string())],
                }
            }
            Err(error) => {
                let unreadable = Event::unreadable(&error.to_string());
                let settled = settled(&mut self.since, vec![unreadable], now);
                let is_quiet = self.unreadable.is_some_and(|at| now.duration_since(at) < QUIET);
                if settled.is_empty() || is_quiet {
                    return Vec::new();
                }
                let claimed = self.channels.iter().zip(&self.said).map(|(channel, said)| {
                    let is_new = |event: &&Event| channel.wants(event) && !said.contains(&event.key);
                    settled.iter().filter(is_new).cloned().collect()
                });
                let claimed: Vec<Vec<Event>> = claimed.collect();
                if claimed.iter().any(|events| !events.is_empty()) {
                    self.unreadable = Some(now);
                }
                self.send(claimed).await
            }
        }
    }

    async fn read(&self) -> Result<Status> {
        let mut status = Box::pin(status::read(&self.target, self.source.as_ref())).await?;
        Box::pin(status::add_way_back(
            &mut status,
            self.source.as_ref(),
            Some(&self.target),
        ))
        .await;
        Ok(status)
    }

    /// What each way out is to say now.
    async fn claim(&mut self, settled: &[Event]) -> Result<Vec<Vec<Event>>> {
        let doing = "remembering the messages that were sent";
        let mut all = Vec::new();
        let mut session = None;
        for (channel, said) in self.channels.iter().zip(&mut self.said) {
            let wanted: Vec<&Event> = settled.iter().filter(|event| channel.wants(event)).collect();
            let standing: BTreeSet<String> = wanted.iter().map(|event| event.key.clone()).collect();
            let is_over = !said.is_subset(&standing);
            let is_new = wanted.iter().any(|event| !said.contains(&event.key));
            let mut claimed = Vec::new();
            if is_over || is_new {
                if session.is_none() {
                    session = Some(Box::pin(door::enter_target(&self.target, "notify")).await?.0);
                }
                let target = session.as_mut().expect("invariant: it was opened above");
                let keys: Vec<String> = standing.iter().cloned().collect();
                notification::stand(target, &channel.name, &keys)
                    .await
                    .doing(doing)?;
                said.retain(|key| standing.contains(key));
                for event in wanted {
                    if said.contains(&event.key) {
                        continue;
                    }
                    match notification::claim(target, &channel.name, &event.key)
                        .await
                        .doing(doing)?
                    {
                        Turn::Send => claimed.push(event.clone()),
                        Turn::Said => drop(said.insert(event.key.clone())),
                        Turn::Later => {}
                    }
                }
            }
            all.push(claimed);
        }
        Ok(all)
    }

    /// On every way out at once, one message after the other on each.
    async fn send(&mut self, claimed: Vec<Vec<Event>>) -> Vec<Trouble> {
        let sending = self.channels.iter().zip(claimed).map(async |(channel, events)| {
            let mut sent = Vec::new();
            let mut troubles = Vec::new();
            for event in events {
                let message = Message::new(&event, &self.database, self.last.as_deref());
                match channel.send(&message).await {
                    Ok(()) => sent.push(event.key),
                    Err(reason) => troubles.push((channel.name.clone(), reason)),
                }
            }
            (sent, troubles)
        });
        let ended = join_all(sending).await;
        let mut troubles = Vec::new();
        for (index, (sent, failed)) in ended.into_iter().enumerate() {
            troubles.extend(failed);
            if let Err(error) = Box::pin(self.remember(index, sent)).await {
                troubles.push((self.channels[index].name.clone(), error.to_string()));
            }
        }
        troubles
    }

    async fn remember(&mut self, index: usize, sent: Vec<String>) -> Result<()> {
        if sent.is_empty() {
            return Ok(());
        }
        self.said[index].extend(sent.iter().cloned());
        if sent.iter().all(|key| key == events::UNREADABLE) {
            return Ok(());
        }
        let (session, _) = Box::pin(door::enter_target(&self.target, "notify")).await?;
        for key in sent {
            notification::sent(&session, &self.channels[index].name, &key)
                .await
                .doing("remembering a message that was sent")?;
        }
        Ok(())
    }
}

/// Those that have stood for as long as they must; what is over begins anew when it comes again.
fn settled(since: &mut BTreeMap<String, Instant>, found: Vec<Event>, now: Instant) -> Vec<Event> {
    since.retain(|key, _| found.iter().any(|event| event.key == *key));
    let mut stands = |event: &Event| {
        let began = *since.entry(event.key.clone()).or_insert(now);
        now.duration_since(began) >= event.kind.settles_within()
    };
    found.into_iter().filter(|event| stands(event)).collect()
}

/// One message to each, to see whether it arrives: name, and why not.
pub async fn test(channels: &[Channel], database: &str) -> Vec<(String, std::result::Result<(), String>)> {
    let sending = channels.iter().map(async |channel| {
        let message = Message::new(&Event::test(), database, None);
        (channel.name.clone(), channel.send(&message).await)
    });
    join_all(sending).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mends_itself_is_no_message() {
        let (mut since, start) = (BTreeMap::new(), Instant::now());
        let gone = || vec![Event::of(EventKind::RunnerGone, "", "no runner is alive")];
        let mut reported =
            |second: u64, found| settled(&mut since, found, start + Duration::from_secs(second)).len();
        assert_eq!(reported(0, gone()), 0);
        assert_eq!(reported(30, gone()), 0);
        assert_eq!(reported(45, Vec::new()), 0);
        // It began anew.
        assert_eq!(reported(60, gone()), 0);
        assert_eq!(reported(120, gone()), 1);
        assert_eq!(
            reported(121, vec![Event::of(EventKind::Stopped, "", "it stopped")]),
            1
        );
    }
}
