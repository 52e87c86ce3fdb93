//! What is worth a message, seen from a status: a pure function. Each event has a key, by which it is the same one at the next look.

use transhume_core::{
    count::{and_more, counted},
    finding::Severity,
    notify::{EventKind, Urgency},
    phase::Phase,
};

use crate::status::{Status, WayBackState};

/// Less time than this until the slot is full is a matter for the night: as the alert rules have it.
const SLOT_SECONDS: u64 = 4 * 3600;
/// Seconds of lag that are worth a message where they last.
const LAG_SECONDS: f64 = 300.0;
/// Tables that get a message each; more of them get one together.
const TABLES: usize = 5;
/// The code of why the run stopped.
const STOPPED: &str = "run-stopped";

pub(super) const UNREADABLE: &str = "unreadable";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) key: String,
    pub(super) kind: EventKind,
    pub(super) message: String,
    /// What to run; empty where nothing needs doing.
    pub(super) remedy: String,
}

impl Event {
    /// `about` tells it from others of its kind.
    pub(super) fn of(kind: EventKind, about: &str, message: impl Into<String>) -> Self {
        let key = match about {
            "" => kind.name().to_owned(),
            about => format!("{kind}:{about}"),
        };
        Self {
            key,
            kind,
            message: message.into(),
            remedy: String::new(),
        }
    }

    fn remedied_by(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    pub(super) fn unreadable(why: &str) -> Self {
        Self::of(
            EventKind::Unreadable,
            "",
            format!("the state of the migration cannot be read: {why}"),
        )
        .remedied_by("transhume status")
    }

    pub(super) fn test() -> Self {
        Self::of(
            EventKind::Test,
            "",
            "this is a test: messages of transhume arrive here",
        )
    }

    pub(super) fn urgency(&self) -> Urgency {
        self.kind.urgency()
    }
}

/// All that stands now, of the stream and of the reverse one.
pub(super) fn events(status: &Status) -> Vec<Event> {
    let mut events = of_stream(status);
    if let Some(back) = &status.way_back {
        for event in back.stream.iter().flat_map(|stream| of_stream(stream)) {
            events.push(Event {
                key: format!("reverse:{}", event.key),
                message: format!("reverse replication: {}", event.message),
                ..event
            });
        }
        if back.state == WayBackState::Unknown {
            let message = format!("the state of the fallback cannot be read: {}", back.problem);
            events.push(Event::of(EventKind::Unreadable, "fallback", message));
        }
    }
    events
}

fn of_stream(status: &Status) -> Vec<Event> {
    let mut events = vec![phase(status)];
    events.extend(findings(status));
    events.extend(tables(status));
    events.extend(runner(status));
    events.extend(source(status));
    events.extend(verification(status));
    events
}

/// Each time that a phase begins is an event of its own.
fn phase(status: &Status) -> Event {
    let about = format!("{}:{}", status.phase, status.phase_since);
    let message = match status.phase {
        Phase::Done => "the application lives on the target".to_owned(),
        phase => format!("phase {phase} began"),
    };
    Event::of(EventKind::Phase, &about, message)
}

/// One for each code: five hundred tables without a key are one message.
fn findings(status: &Status) -> Vec<Event> {
    let events = status.finding_groups.iter().filter_map(|group| {
        let kind = match group.severity {
            Severity::Blocker if group.code == STOPPED => EventKind::Stopped,
            Severity::Blocker => EventKind::Blocker,
            Severity::Warning => EventKind::Warning,
            Severity::Pass => return None,
        };
        let objects = match (group.count, group.objects.first()) {
            (0 | 1, Some(object)) => format!("{object}: "),
            (count, Some(first)) => format!("{first} {}: ", and_more(count - 1)),
            (_, None) => String::new(),
        };
        let message = format!("{}: {objects}{}", group.code, group.message);
        Some(Event::of(kind, &group.code, message).remedied_by(group.remedy.as_str()))
    });
    events.collect()
}

fn tables(status: &Status) -> Vec<Event> {
    let stored = status.exceptions.iter().map(|stored| {
        Event::of(EventKind::ChangesStored, &stored.table, stored.to_string()).remedied_by(stored.remedy())
    });
    let suspended = status.not_loaded.iter().filter(|table| table.is_suspended());
    let suspended = suspended.map(|table| {
        Event::of(EventKind::TablesSuspended, &table.table, table.to_string()).remedied_by(table.remedy())
    });
    [few(stored.collect()), few(suspended.collect())].concat()
}

/// As they are, or one event for all.
fn few(events: Vec<Event>) -> Vec<Event> {
    match events.first() {
        Some(first) if events.len() > TABLES => {
            let message = format!(
                "{} and {}",
                first.message,
                counted(events.len() - 1, "more table")
            );
            vec![Event::of(first.kind, "several", message).remedied_by("transhume status")]
        }
        _ => events,
    }
}

fn runner(status: &Status) -> Option<Event> {
    match &status.runner {
        None if status.phase != Phase::Done => Some(
            Event::of(
                EventKind::RunnerGone,
                "",
                "no runner is alive: changes are not applied, and WAL gathers on the source",
            )
            .remedied_by("transhume run"),
        ),
        Some(runner) if !runner.waiting_for.is_empty() => Some(
            Event::of(
                EventKind::Waiting,
                "",
                format!("the runner waits for {}", runner.waiting_for),
            )
            .remedied_by("transhume status"),
        ),
        _ => None,
    }
}

fn source(status: &Status) -> Vec<Event> {
    let mut events = Vec::new();
    let lag = status.lag_seconds.filter(|_| status.runner.is_some());
    if lag.is_some_and(|seconds| seconds > LAG_SECONDS) {
        let message = format!("the target is more than {:.0} min behind", LAG_SECONDS / 60.0);
        events.push(Event::of(EventKind::Behind, "", message).remedied_by("transhume status"));
    }
    let full = status.slot.seconds_to_full;
    if let Some(seconds) = full.filter(|seconds| *seconds < SLOT_SECONDS) {
        let message = format!(
            "the slot {} reaches {} in {} min at this rate",
            status.slot.name,
            status.slot.limited_by,
            seconds / 60
        );
        events.push(Event::of(EventKind::SlotFilling, "", message).remedied_by("transhume status"));
    }
    events
}

/// Once it has ended.
fn verification(status: &Status) -> Option<Event> {
    let last = status.verification.as_ref()?;
    let ended = last.ended_at.as_deref()?;
    match last.result.as_str() {
        "equal" => Some(Event::of(
            EventKind::Verified,
            ended,
            format!("both sides are equal at {}", last.lsn),
        )),
        "different" => Some(
            Event::of(
                EventKind::Differences,
                ended,
                format!("both sides differ at {}: {}", last.lsn, last.summary),
            )
            .remedied_by("transhume verify --repair"),
        ),
        _ => None,
    }
}
