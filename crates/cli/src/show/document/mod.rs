//! Every document that `--json` and the API print: its version, and its schema.
//!
//! Invariant: what was printed once stays: nothing is removed from a document and nothing changes its type, unless [`VERSION`] is
//! raised. A test holds `docs/reference/schema` to the types, and refuses to write a schema that would break a reader.

#[cfg(test)]
mod page;
mod settings;
#[cfg(test)]
mod withdrawn;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use transhume_demo::demo::DemoReport;
use transhume_engine::{
    assess::Assessment,
    cutover::{CutoverReport, Gate},
    finish::Removal,
    load::throttle::Pausing,
    review::Review,
    roles::RolesReport,
    run::{Plan, RunEnd},
    status::{self, Record, Sample, Status, Story, TableState},
    tables::TableStanding,
    verify::Verification,
};

pub(crate) use self::settings::{Checked, Ends, Problem, Sent, Tried};

/// Of every document: it is raised where something is removed or means something else, not where something is added.
pub(crate) const VERSION: u32 = status::VERSION;

/// What is printed as JSON. Only the list below makes one.
pub(crate) trait Document: Serialize + JsonSchema {
    /// It has a field of its own for the version.
    const HAS_VERSION: bool;
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Document")]
pub(crate) struct Versioned<'a, T> {
    /// Raised where something is removed or means something else.
    version: u32,
    #[serde(flatten)]
    document: &'a T,
}

/// A document as readers get it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Printed<'a, T> {
    AsItIs(&'a T),
    Versioned(Versioned<'a, T>),
}

pub(crate) fn printed<T: Document>(document: &T) -> Printed<'_, T> {
    if T::HAS_VERSION {
        return Printed::AsItIs(document);
    }
    Printed::Versioned(Versioned {
        version: VERSION,
        document,
    })
}

/// A reference to its schema, which the generator then has.
pub(crate) fn reference<T: Document + 'static>(generator: &mut SchemaGenerator) -> Schema {
    if T::HAS_VERSION {
        generator.subschema_for::<T>()
    } else {
        generator.subschema_for::<Versioned<'static, T>>()
    }
}

/// Every table, for `status --tables`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TablesDocument<'a> {
    pub(crate) tables: &'a [TableState],
}

/// Tables that were added, loaded anew, suspended or resumed, as they are now.
#[derive(Serialize, JsonSchema)]
pub(crate) struct StandingDocument {
    pub(crate) tables: Vec<TableStanding>,
}

/// Figures of the last day, the oldest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SamplesDocument<'a> {
    pub(crate) samples: &'a [Sample],
}

/// The databases that a console shows.
#[derive(Serialize, JsonSchema)]
#[allow(
    clippy::struct_field_names,
    reason = "the name of the field is the key of the document"
)]
pub(crate) struct DatabasesDocument {
    /// The version of transhume.
    pub(crate) program: &'static str,
    /// Actions can be had with the token.
    pub(crate) allows_actions: bool,
    /// Names, as paths of the API hold them.
    pub(crate) databases: Vec<String>,
}

/// Work that a console was asked for, the newest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OperationsDocument {
    pub(crate) operations: Vec<OperationDocument>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct OperationDocument {
    /// From 1 on, since the console was started.
    pub(crate) number: u64,
    /// verify, reload, suspend or resume.
    pub(crate) kind: String,
    /// What was asked for; empty where it is about all.
    pub(crate) tables: Vec<String>,
    /// RFC 3339, by the console's clock.
    pub(crate) started_at: String,
    /// Null while it is under way.
    pub(crate) ended_at: Option<String>,
    pub(crate) state: OperationState,
    /// What came of it, in a line; empty while it is under way.
    pub(crate) result: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OperationState {
    Running,
    Done,
    Failed,
}

/// The body of an action upon tables.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedTables {
    /// Names, such as `public.orders` or `shop.audit_*`.
    #[schemars(length(min = 1))]
    pub(crate) tables: Vec<String>,
}

/// Every answer of the API that is none.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ErrorDocument {
    pub(crate) error: ErrorDetail,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ErrorDetail {
    pub(crate) message: String,
    /// Empty where there is no more to say.
    pub(crate) detail: String,
    /// What can be done about it; empty where nothing is known.
    pub(crate) hint: String,
}

macro_rules! documents {
    ($($document:ty, $has_version:literal, $name:literal, $printed_by:literal;)+) => {
        $(impl Document for $document {
            const HAS_VERSION: bool = $has_version;
        })+

        #[cfg(test)]
        const ALL: &[page::Described] = &[$(page::Described {
            name: $name,
            printed_by: $printed_by,
            schema: page::schema::<$document>,
        }),+];
    };
}

documents! {
    Assessment, false, "assess", "`assess --json`";
    RolesReport, false, "roles", "`roles --json`";
    Plan, false, "plan", "`run --dry-run --json`";
    RunEnd, false, "run", "`run --json`, when it ends";
    Pausing, false, "pausing", "`pause --json`, `resume --json`, `POST …/pause`, `POST …/resume`";
    Status, true, "status", "`status --json`, each line of `watch --json`, `GET …/status`";
    TablesDocument<'_>, false, "tables", "`status --tables --json`, `GET …/tables`";
    StandingDocument, false, "standing", "`table add|reload|suspend|resume --json`";
    Verification, false, "verify", "`verify --json`";
    Record, true, "report", "`report --json`";
    Gate, false, "checks", "`cutover --check --json`, `fallback --check --json`, `POST …/check`";
    CutoverReport, false, "cutover", "`cutover --json`, `cutover --rehearse --json`, `fallback --json`";
    Review, false, "review", "`review --json`";
    Removal, false, "removal", "`finish --json`, `abort --json`";
    Checked, true, "config-check", "`config check --json`";
    Tried, true, "notify-test", "`notify test --json`";
    DemoReport, false, "demo", "`demo --json`";
    DatabasesDocument, false, "databases", "`GET /api/v1/databases`";
    SamplesDocument<'_>, false, "samples", "`GET …/samples`";
    Story, true, "story", "`GET …/story`";
    OperationsDocument, false, "operations", "`GET …/operations`";
    OperationDocument, false, "operation", "`POST …/verify`, `POST …/tables/{reload,suspend,resume}`";
    ErrorDocument, false, "error", "every refusal of the API";
}
