//! `[[notify]]`: who is told of what, and how.
//!
//! Invariants: names are unique and not empty; an entry that is kept can be used: it has what its kind needs.

use std::ops::Range;

use toml::de::DeTable;
use transhume_engine::notify::{Channel, ChannelKind, EventKind, Hidden, Urgency};

use super::{
    Config,
    databases::{bad, bad_name},
    keys::{DURATION, Key},
    read::{File, Section, in_order},
};
use crate::{failure::Failure, show::quantity::Span};

/// The section's name.
pub(super) const SECTION: &str = "notify";

/// Tries after the first one.
const RETRIES: u32 = 3;
/// For one try.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// What an entry says, before it is known to be complete.
#[derive(Debug, Default)]
pub(super) struct Entry {
    name: String,
    kind: Option<WayKind>,
    url: Option<Hidden>,
    command: Option<Hidden>,
    from: Option<String>,
    to: Vec<String>,
    events: Option<Vec<EventKind>>,
    severity: Option<Urgency>,
    retries: Option<u32>,
    timeout: Option<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WayKind {
    Webhook,
    Slack,
    Email,
    Command,
}

impl std::str::FromStr for WayKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "webhook" => Ok(Self::Webhook),
            "slack" => Ok(Self::Slack),
            "email" => Ok(Self::Email),
            "command" => Ok(Self::Command),
            other => Err(format!(
                "\"{}\" is none of webhook, slack, email, command",
                other.escape_debug()
            )),
        }
    }
}

pub(super) const KEYS: &[Key<Entry>] = &[
    Key {
        section: SECTION,
        name: "name",
        brief: "What it is called",
        details: "Repeat the section for each. Messages are remembered by it, so that none is sent twice.",
        default: "",
        example: "\"ops\"",
        flag: "",
        form: "a name in quotes, such as \"ops\"",
        set: |entry, value| value.text().map(|name| entry.name = name),
    },
    Key {
        section: SECTION,
        name: "kind",
        brief: "webhook, slack, email or command",
        details: "webhook: a POST with the message as JSON. slack: a POST of Slack's form, which others read too. command: for the shell, with\n\
                the message as JSON on its stdin and in TRANSHUME_EVENT, _SEVERITY, _MESSAGE, _REMEDY, _MIGRATION and _PHASE.",
        default: "",
        example: "\"slack\"",
        flag: "",
        form: "\"webhook\", \"slack\", \"email\" or \"command\"",
        set: |entry, value| value.word().map(|kind| entry.kind = Some(kind)),
    },
    Key {
        section: SECTION,
        name: "url",
        brief: "Where it goes: an http(s) address, for email the mail server",
        details: "For email smtps://user:password@host, or smtp://host?tls=required. Take secrets from the environment: ${NAME}.",
        default: "",
        example: "\"https://hooks.example.com/${HOOK}\"",
        flag: "",
        form: "an address in quotes, such as \"https://hooks.example.com/x\" or \"smtps://user@mail.example.com\"",
        set: |entry, value| value.url().map(|url| entry.url = Some(Hidden::new(url))),
    },
    Key {
        section: SECTION,
        name: "command",
        brief: "For the shell, where the kind is command",
        details: "",
        default: "",
        example: "\"/usr/local/bin/page-someone\"",
        flag: "",
        form: "a command in quotes",
        set: |entry, value| {
            value
                .text()
                .map(|command| entry.command = Some(Hidden::new(command)))
        },
    },
    Key {
        section: SECTION,
        name: "from",
        brief: "Who an email comes from",
        details: "",
        default: "",
        example: "\"transhume@example.com\"",
        flag: "",
        form: "a mail address in quotes",
        set: |entry, value| value.text().map(|from| entry.from = Some(from)),
    },
    Key {
        section: SECTION,
        name: "to",
        brief: "Who gets an email",
        details: "",
        default: "",
        example: "[\"dba@example.com\"]",
        flag: "",
        form: "a list of mail addresses, such as [\"dba@example.com\"]",
        set: |entry, value| value.words::<String>().map(|to| entry.to = to),
    },
    Key {
        section: SECTION,
        name: "severity",
        brief: "The least that is told: info, warning or critical",
        details: "",
        default: "warning",
        example: "\"warning\"",
        flag: "",
        form: "\"info\", \"warning\" or \"critical\"",
        set: |entry, value| value.word().map(|severity| entry.severity = Some(severity)),
    },
    Key {
        section: SECTION,
        name: "events",
        brief: "The events that are told, where not all are",
        details: "phase, stopped, runner-gone, blocker, warning, changes-stored, tables-suspended, slot-filling, behind, waiting, verified,\n\
                differences, unreadable. The guide tells what each is.",
        default: "all",
        example: "[\"stopped\", \"runner-gone\"]",
        flag: "",
        form: "a list of events, such as [\"stopped\", \"runner-gone\"]",
        set: |entry, value| value.words().map(|events| entry.events = Some(events)),
    },
    Key {
        section: SECTION,
        name: "retries",
        brief: "How often a message that fails is tried again",
        details: "After 2 s, 4 s, 8 s, and so on; what still fails is tried anew after two minutes. 6 at most.",
        default: "3",
        example: "3",
        flag: "",
        form: "a whole number from 0 to 6",
        set: |entry, value| value.number_of().map(|retries| entry.retries = Some(retries)),
    },
    Key {
        section: SECTION,
        name: "timeout",
        brief: "How long one try may take",
        details: "",
        default: "10s",
        example: "\"10s\"",
        flag: "",
        form: DURATION,
        set: |entry, value| value.duration().map(|timeout| entry.timeout = Some(timeout)),
    },
];

impl Entry {
    fn channel(self) -> Result<Channel, String> {
        /// Four tries and what lies between them end within the time that a message may be on its way.
        const MOST_RETRIES: u32 = 6;
        let retries = self.retries.unwrap_or(RETRIES);
        if retries > MOST_RETRIES {
            return Err(format!("{retries} retries are more than {MOST_RETRIES}"));
        }
        let needs = |what: &str, kind: &str| format!("a {kind} needs {what}");
        let kind = self
            .kind
            .ok_or("it has no kind: webhook, slack, email or command")?;
        let way = match kind {
            WayKind::Webhook => ChannelKind::Webhook(self.url.ok_or_else(|| needs("url", "webhook"))?),
            WayKind::Slack => ChannelKind::Slack(self.url.ok_or_else(|| needs("url", "webhook of Slack"))?),
            WayKind::Command => {
                ChannelKind::Command(self.command.ok_or_else(|| needs("command", "command"))?)
            }
            WayKind::Email => {
                let (Some(url), Some(from), false) = (self.url, self.from, self.to.is_empty()) else {
                    return Err(needs("url, from and to", "mail"));
                };
                ChannelKind::mail(url, &from, &self.to)?
            }
        };
        Ok(Channel {
            name: self.name,
            way,
            events: self.events,
            least: self.severity.unwrap_or(Urgency::Warning),
            retries,
            timeout: self.timeout.map_or(TIMEOUT, |span| span.0),
        })
    }
}

impl File<'_> {
    pub(super) fn read_notify(
        &self,
        config: &mut Config,
        entries: Vec<Section<'_>>,
        failures: &mut Vec<Failure>,
    ) {
        for (place, table) in entries {
            self.read_channel(config, place, table, failures);
        }
    }

    fn read_channel<'a>(
        &self,
        config: &mut Config,
        place: Range<usize>,
        table: &'a DeTable<'a>,
        failures: &mut Vec<Failure>,
    ) {
        let mut entry = Entry::default();
        let before = failures.len();
        for (key, value) in in_order(table) {
            failures.extend(
                self.read_key(&KEYS.iter(), &mut entry, (SECTION, key), value)
                    .err(),
            );
        }
        let others = config.notify.iter().map(|other| other.name.as_str());
        if let Some(reason) = bad_name(&entry.name, others) {
            failures.push(self.bad_value(&KEYS[0], bad(place, reason)));
        } else if failures.len() == before {
            match entry.channel() {
                Ok(channel) => config.notify.push(channel),
                Err(reason) => failures.push(self.bad_value(&KEYS[1], bad(place, reason))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{super::read::read_all, *};

    fn read(text: &str) -> (Config, Vec<String>) {
        let (config, failures) = read_all(Path::new("t.toml"), text, &|name| {
            (name == "HOOK").then(|| "s3cret".to_owned())
        });
        (
            config,
            failures.into_iter().map(|failure| failure.message).collect(),
        )
    }

    #[test]
    fn each_kind_is_read_and_no_secret_is_shown() {
        let text = "[[notify]]\nname = 'a'\nkind = 'webhook'\nurl = 'https://h/${HOOK}'\n\
                    [[notify]]\nname = 'b'\nkind = 'slack'\nurl = 'https://h/${HOOK}'\nseverity = 'critical'\n\
                    [[notify]]\nname = 'c'\nkind = 'email'\nurl = 'smtps://u:${HOOK}@h'\nfrom = 'a@example.com'\n\
                    to = ['b@example.com']\nevents = ['stopped']\n\
                    [[notify]]\nname = 'd'\nkind = 'command'\ncommand = 'page s3cret'\n";
        let (config, failures) = read(text);
        assert_eq!(failures, Vec::<String>::new());
        assert_eq!(config.notify.len(), 4);
        assert_eq!(config.notify[1].least, Urgency::Critical);
        assert_eq!(config.notify[2].events, Some(vec![EventKind::Stopped]));
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn what_an_entry_lacks_is_told() {
        for (entry, reason) in [
            ("kind = 'webhook'\nurl = 'https://h'", "it has no name"),
            ("name = 'a'", "it has no kind"),
            ("name = 'a'\nkind = 'slack'", "needs url"),
            (
                "name = 'a'\nkind = 'email'\nurl = 'smtp://h'",
                "needs url, from and to",
            ),
            (
                "name = 'a'\nkind = 'email'\nurl = 'smtp://h'\nfrom = 'x'\nto = ['b@c.d']",
                "\"x\" is no mail address",
            ),
            ("name = 'a'\nkind = 'pigeon'", "none of webhook"),
            ("name = 'a'\nevents = ['stoped']", "is none of phase, stopped"),
        ] {
            let (config, failures) = read(&format!("[[notify]]\n{entry}\n"));
            assert_eq!(config.notify.len(), 0);
            assert!(failures[0].contains(reason), "{failures:?}");
        }
    }
}
