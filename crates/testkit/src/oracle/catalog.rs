//! Equality of what the catalogs say: one line of text for each object and each of its traits.
//!
//! Texts that servers of different versions print differently (view definitions) are compared only
//! between equal versions.

use std::collections::BTreeSet;

use tokio_postgres::{Client, Error, error::SqlState};

use super::{Except, begin_anew, read};

const OBJECTS: &str = include_str!("sql/objects.sql");
const TRAITS: &str = include_str!("sql/traits.sql");
const SEQUENCES: &str = include_str!("sql/sequences.sql");

/// More than statements drop something in the midst of.
const LOOKS: usize = 20;

/// Printed from parse trees, in a way that changed between major versions.
const PRINTED_BY_VERSION: [&str; 2] = ["view", "rule"];

pub(super) async fn differences(source: &Client, target: &Client, except: &Except) -> Vec<String> {
    let same_version = major(source).await == major(target).await;
    let (left, right) = (lines(source).await, lines(target).await);
    let wanted = |line: &&(String, String)| {
        !except.kinds.contains(&line.0) && (same_version || !PRINTED_BY_VERSION.contains(&line.0.as_str()))
    };
    // Each version quotes the words of its own language.
    let alike = |(kind, text): &(String, String)| {
        let text = if same_version {
            text.clone()
        } else {
            text.replace('"', "")
        };
        (kind.clone(), text)
    };
    let lacking = |these: &BTreeSet<(String, String)>, others: &BTreeSet<(String, String)>, side: &str| {
        let others: BTreeSet<_> = others.iter().map(alike).collect();
        let lacking = these
            .iter()
            .filter(wanted)
            .filter(|line| !others.contains(&alike(line)));
        lacking
            .map(|(kind, text)| format!("{kind} {side} on the target: {text}"))
            .collect::<Vec<_>>()
    };
    let mut found = lacking(&left, &right, "missing");
    found.extend(lacking(&right, &left, "surplus"));
    found
}

/// A sequence of the target must have gone at least as far as the source's.
pub(super) async fn sequence_differences(source: &Client, target: &Client) -> Vec<String> {
    let (left, right) = (sequences(source).await, sequences(target).await);
    let mut found = Vec::new();
    for (name, increment, value) in &left {
        let other = right
            .iter()
            .find(|(other, ..)| other == name)
            .map(|(.., value)| *value);
        let behind = other.is_none_or(|other| match (value, other) {
            (Some(value), Some(other)) => (other - value).signum() == -increment.signum(),
            (value, other) => value.is_some() && other.is_none(),
        });
        if behind {
            found.push(format!(
                "sequence {name}: {value:?} on the source, {other:?} on the target"
            ));
        }
    }
    found
}

async fn major(client: &Client) -> i32 {
    let query = "SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000";
    read(client.query_one(query, &[]).await, "the version").get(0)
}

/// What is dropped while it is read is read once more, from a later moment: functions that print a definition look at the
/// present, whatever the snapshot.
async fn until_all_is_there<T>(
    client: &Client,
    look: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Error> {
    for _ in 0..LOOKS {
        match look().await {
            Err(error) if is_of_something_gone(&error) => begin_anew(client).await,
            answered => return answered,
        }
    }
    look().await
}

/// The server could not open it, or gave null in place of its definition.
fn is_of_something_gone(error: &Error) -> bool {
    match error.code() {
        Some(code) => *code == SqlState::INTERNAL_ERROR,
        None => !error.is_closed(),
    }
}

async fn lines(client: &Client) -> BTreeSet<(String, String)> {
    let lines = until_all_is_there(client, async || lines_of_one_moment(client).await).await;
    read(lines, "the catalogs")
}

/// An error also where something has no definition any more.
async fn lines_of_one_moment(client: &Client) -> Result<BTreeSet<(String, String)>, Error> {
    let mut lines = BTreeSet::new();
    for query in [OBJECTS, TRAITS] {
        for row in client.query(query, &[]).await? {
            lines.insert((row.get(0), row.try_get(1)?));
        }
    }
    Ok(lines)
}

async fn sequences(client: &Client) -> Vec<(String, i64, Option<i64>)> {
    let rows = until_all_is_there(client, async || client.query(SEQUENCES, &[]).await).await;
    let rows = read(rows, "the sequences");
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}
