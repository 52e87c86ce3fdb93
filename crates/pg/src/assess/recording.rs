//! The questions of an assessment as one file for psql, for a source that only its operators can reach.
//!
//! Owns the file's form: each question is the one that a session of ours asks, and its answer a line of JSON. Refuses
//! anything that writes: all of it runs in a transaction that reads only. `core` reads what comes of it.

use std::fmt::Write as _;

use transhume_core::assess::{recorded::VERSION, release};
use transhume_wire::ident::quote_literal;

use crate::catalog::objects;

/// How it is run, for whoever opens it.
const HEAD: &str = include_str!("sql/recording_head.sql");
const TAIL: &str = include_str!("sql/recording_tail.sql");

/// By the names that `core` looks for. A server may refuse one: it has no line then.
const QUESTIONS: [(&str, &str); 25] = [
    ("facts", include_str!("sql/facts.sql")),
    ("settings", include_str!("sql/settings.sql")),
    ("identity", include_str!("sql/identity.sql")),
    ("parameters", include_str!("sql/parameters.sql")),
    (
        "create",
        "select pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as value",
    ),
    ("database", include_str!("../catalog/sql/database.sql")),
    ("tables", include_str!("../catalog/sql/tables.sql")),
    (
        "scattered partitions",
        include_str!("../catalog/sql/scattered_partitions.sql"),
    ),
    (
        "partitions",
        include_str!("../catalog/sql/partitions_with_ancestors.sql"),
    ),
    ("rights", include_str!("../catalog/sql/table_rights.sql")),
    ("sequences", include_str!("../catalog/sql/sequences.sql")),
    ("extensions", include_str!("../catalog/sql/extensions.sql")),
    (
        "extension tables",
        include_str!("../catalog/sql/extension_tables.sql"),
    ),
    (
        "materialized views",
        include_str!("../catalog/sql/materialized_views.sql"),
    ),
    (
        "event triggers",
        include_str!("../catalog/sql/event_triggers.sql"),
    ),
    ("subscriptions", include_str!("../catalog/sql/subscriptions.sql")),
    (
        "prepared transactions",
        include_str!("../catalog/sql/prepared_transactions.sql"),
    ),
    (
        "writing transactions",
        include_str!("../catalog/sql/writing_transactions.sql"),
    ),
    ("collations", include_str!("../catalog/sql/collations.sql")),
    ("roles", include_str!("../catalog/sql/referenced_roles.sql")),
    (
        "firing triggers",
        include_str!("../catalog/sql/firing_triggers.sql"),
    ),
    ("name columns", include_str!("../catalog/sql/name_columns.sql")),
    (
        "inheritance children",
        include_str!("../catalog/sql/inheritance_children.sql"),
    ),
    (
        "nullable children",
        include_str!("../catalog/sql/nullable_children.sql"),
    ),
    (
        "unenforced keys",
        include_str!("../catalog/sql/unenforced_keys.sql"),
    ),
];

/// Questions whose answer is one value without a name of its own.
const FIGURES: [(&str, &str); 3] = [
    ("large objects", include_str!("../catalog/sql/large_objects.sql")),
    (
        "unreadable large objects",
        include_str!("../load/large_objects/sql/unreadable.sql"),
    ),
    ("foreign keys", include_str!("../catalog/sql/foreign_keys.sql")),
];

const OURS: (&str, &str) = ("our objects", include_str!("../catalog/sql/our_objects.sql"));

/// The file, for `psql -f`.
pub fn script() -> String {
    let mut script = HEAD.replace("{version}", env!("CARGO_PKG_VERSION"));
    let stamp = format!("select {VERSION} as version, pg_catalog.now()::text as at");
    let stamped = [("recording", stamp.as_str()), OURS];
    for (name, question) in stamped.into_iter().chain(QUESTIONS) {
        push(&mut script, name, "q", question);
    }
    for (name, question) in FIGURES {
        push(&mut script, name, "q (value)", question);
    }
    let pattern = quote_literal(&objects::any_of(release::words()));
    let question = objects::WORDS_OF_FUNCTIONS.replace("$1", &pattern);
    push(&mut script, "words of functions", "q", &question);
    script.push_str(TAIL);
    script
}

fn push(script: &mut String, name: &str, rows: &str, question: &str) {
    write!(
        script,
        "\nselect pg_catalog.jsonb_build_object('question', '{name}', 'rows', \
         (select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(q)), '[]') from (\n{}\n) {rows}));\n",
        question.trim_end()
    )
    .expect("text grows");
}
