//! What the terminal program knows and where its reader is: all that a drawing is made from.
//!
//! Plain values: keys change it ([`super::keys`]), readings come in, [`super::view`] draws it.

use std::{sync::Arc, time::Duration};

use transhume_engine::{
    cutover::Gate,
    phase::Phase,
    status::{Sample, Status, Story, TableState},
};

use crate::{failure::Failure, tab::Tab};

/// What an operator may ask for from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Intervention {
    PauseLoad,
    ResumeLoad,
    SuspendTable(String),
    ResumeTable(String),
    Check,
}

impl Intervention {
    /// What will be done, before it is agreed to.
    pub(crate) fn question(&self) -> String {
        match self {
            Self::PauseLoad => "Pause the full load? Loaders finish the parts that they copy".to_owned(),
            Self::ResumeLoad => "Resume the full load?".to_owned(),
            Self::SuspendTable(table) => {
                format!("Suspend {table}? Its changes are skipped; no cutover until it is resumed")
            }
            Self::ResumeTable(table) => {
                format!("Resume {table}? It is emptied on the target and loaded anew")
            }
            Self::Check => {
                "Run the checks of a cutover? What could not be built is tried once more".to_owned()
            }
        }
    }
}

/// What the keys mean now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    Looking,
    /// Letters go into the filter.
    Filtering,
    /// Until it is agreed to or not.
    Asking(Intervention),
    Helping,
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) is_good: bool,
    pub(crate) text: String,
}

/// One database as it was read last.
#[derive(Debug, Default)]
pub(crate) struct WatchedDatabase {
    pub(crate) name: String,
    pub(crate) status: Option<Arc<Status>>,
    /// Since the status was read.
    pub(crate) age: Duration,
    /// Why it cannot be read now.
    pub(crate) problem: Option<Arc<Failure>>,
    pub(crate) samples: Arc<Vec<Sample>>,
    pub(crate) tables: Option<Arc<Vec<TableState>>>,
    pub(crate) story: Option<Arc<Story>>,
    /// As they were checked from here.
    pub(crate) gate: Option<Gate>,
}

impl WatchedDatabase {
    /// The full load is under way, as far as is known.
    pub(crate) fn is_loading(&self) -> bool {
        self.status.as_ref().is_some_and(|status| {
            status.phase <= Phase::PostData || status.load.tables_done < status.load.tables
        })
    }
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "none follows from another")]
pub(crate) struct Model {
    /// At least one.
    pub(crate) databases: Vec<WatchedDatabase>,
    pub(crate) chosen: usize,
    pub(crate) tab: Tab,
    pub(crate) mode: Mode,
    pub(crate) filter: String,
    /// Tables that are in order are left out.
    pub(crate) only_unordered: bool,
    /// The line that the reader is at, below the head of the tab.
    pub(crate) cursor: usize,
    pub(crate) outcome: Option<Outcome>,
    /// An action is under way.
    pub(crate) is_acting: bool,
    pub(crate) is_read_only: bool,
    pub(crate) is_colored: bool,
}

impl Model {
    pub(crate) fn new(names: impl IntoIterator<Item = String>, is_read_only: bool, is_colored: bool) -> Self {
        let unread = |name| WatchedDatabase {
            name,
            ..WatchedDatabase::default()
        };
        Self {
            databases: names.into_iter().map(unread).collect(),
            chosen: 0,
            tab: Tab::Overview,
            mode: Mode::Looking,
            filter: String::new(),
            only_unordered: false,
            cursor: 0,
            outcome: None,
            is_acting: false,
            is_read_only,
            is_colored,
        }
    }

    pub(crate) fn database(&self) -> &WatchedDatabase {
        &self.databases[self.chosen]
    }

    /// Tables as they are listed: what is not in order first, the others by name, those that the filter leaves.
    pub(crate) fn tables(&self) -> Vec<&TableState> {
        let all = self.database().tables.iter().flat_map(|tables| tables.iter());
        let wanted = self.filter.to_lowercase();
        let is_wanted = |table: &&TableState| {
            let is_named = || {
                format!("{}.{} {}", table.schema, table.name, table.state)
                    .to_lowercase()
                    .contains(&wanted)
            };
            (!self.only_unordered || !is_in_order(table)) && (wanted.is_empty() || is_named())
        };
        let mut tables: Vec<&TableState> = all.filter(is_wanted).collect();
        // Stable: by name within each.
        tables.sort_by_key(|table| urgency(table));
        tables
    }
}

/// Nothing about it needs to be looked at.
pub(crate) fn is_in_order(table: &TableState) -> bool {
    urgency(table) == Urgency::InOrder
}

/// The most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// Changes are not applied, or rows differ.
    Wrong,
    /// It is not there yet.
    UnderWay,
    InOrder,
}

pub(crate) fn urgency(table: &TableState) -> Urgency {
    let differs = table
        .verified
        .as_ref()
        .is_some_and(|last| last.equal == Some(false));
    if table.is_waited_for || table.exceptions > 0 || differs || table.state == "suspended" {
        Urgency::Wrong
    } else if table.state == "loaded" {
        Urgency::InOrder
    } else {
        Urgency::UnderWay
    }
}
