//! One message, and the forms that it takes: JSON, Slack's, a mail, variables for a command.

use serde::Serialize;
use serde_json::json;
use transhume_core::notify::{EventKind, Urgency};

use super::events::Event;
use crate::status::Status;

/// Of the JSON document: it is raised where something is removed or means something else.
const VERSION: u32 = 1;
/// Characters of a mail's subject.
const SUBJECT: usize = 120;

#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_field_names, reason = "they are the names in the document")]
pub struct Message {
    version: u32,
    event: EventKind,
    severity: Urgency,
    message: String,
    /// What to run; empty where nothing needs doing.
    remedy: String,
    /// Its name in the configuration; empty where that names one.
    database: String,
    /// Empty where it is not known.
    migration: String,
    source: String,
    target: String,
    phase: String,
    /// RFC 3339, by this machine's clock.
    at: String,
}

impl Message {
    pub(super) fn new(event: &Event, database: &str, status: Option<&Status>) -> Self {
        let known = |of: fn(&Status) -> String| status.map(of).unwrap_or_default();
        Self {
            version: VERSION,
            event: event.kind,
            severity: event.urgency(),
            message: event.message.clone(),
            remedy: event.remedy.clone(),
            database: database.to_owned(),
            migration: known(|status| status.migration.clone()),
            source: known(|status| status.source.clone()),
            target: known(|status| status.target.clone()),
            phase: known(|status| status.phase.to_string()),
            at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("a message is plain data")
    }

    /// Slack's incoming webhooks, and what is compatible with them.
    pub(super) fn slack(&self) -> String {
        let mut text = format!("*{}* {}", self.severity.name(), escaped(&self.line()));
        if !self.remedy.is_empty() {
            // Three backticks end a block of code.
            let remedy = escaped(&self.remedy).replace("```", "'''");
            text = format!("{text}\n```{remedy}```");
        }
        if !self.source.is_empty() {
            text = format!("{text}\n{}", escaped(&self.way()));
        }
        json!({ "text": text }).to_string()
    }

    /// One line: names of servers hold no line end there.
    pub(super) fn subject(&self) -> String {
        let subject = format!("[transhume] {}: {}", self.severity.name(), self.line());
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        if subject.chars().count() <= SUBJECT {
            return subject;
        }
        subject.chars().take(SUBJECT - 1).chain(['…']).collect()
    }

    pub(super) fn text(&self) -> String {
        let to_do = match self.remedy.as_str() {
            "" => String::new(),
            remedy => format!("\nTo do:\n\n  {}\n", remedy.replace('\n', "\n  ")),
        };
        let way = match self.source.as_str() {
            "" => String::new(),
            _ => format!(
                "{}\nmigration {}, phase {}\n",
                self.way(),
                self.migration,
                self.phase
            ),
        };
        format!("{}\n{to_do}\n{way}{} at {}\n", self.line(), self.event, self.at)
    }

    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("TRANSHUME_EVENT", self.event.name().to_owned()),
            ("TRANSHUME_SEVERITY", self.severity.name().to_owned()),
            ("TRANSHUME_MESSAGE", self.message.clone()),
            ("TRANSHUME_REMEDY", self.remedy.clone()),
            ("TRANSHUME_MIGRATION", self.migration.clone()),
            ("TRANSHUME_PHASE", self.phase.clone()),
        ]
        .into_iter()
        // A variable of the environment cannot hold a null byte.
        .map(|(name, value)| (name, value.replace('\0', "")))
        .collect()
    }

    fn line(&self) -> String {
        match self.database.as_str() {
            "" => self.message.clone(),
            database => format!("{database}: {}", self.message),
        }
    }

    fn way(&self) -> String {
        format!("{} to {}", self.source, self.target)
    }
}

/// The three characters that Slack reads as more than text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_servers_neither_link_nor_break_a_line() {
        let event = Event::of(
            EventKind::Blocker,
            "x",
            "table <http://evil|here> & \"a\"\nBcc: all@example.com",
        );
        let message = Message::new(&event, "shop", None);
        let slack: serde_json::Value = serde_json::from_str(&message.slack()).unwrap();
        let text = slack["text"].as_str().unwrap();
        assert!(
            text.starts_with("*critical* shop: table &lt;http://evil|here&gt; &amp;"),
            "{text}"
        );
        assert!(!message.subject().contains('\n'), "{}", message.subject());
        assert!(message.subject().starts_with("[transhume] critical: shop: table"));
    }
}
