//! Statements of both sides, matched by their texts.
//!
//! Numbers that servers give to statements differ between them; the text with its constants taken out does not, but for how
//! long a list is and how it is set. Invariant: a statement counts as slower by its mean time, and is told only where that
//! costs a share of the whole, so that a rare query of a microsecond more is not.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{count::counted, finding::Finding};

/// A mean of fewer calls says nothing.
const LEAST_CALLS: i64 = 5;
/// By which factor the mean time must have grown: caches and neighbours make less of a difference than this.
const SLOWER: f64 = 1.5;
/// What of the time of all statements together a slower one must cost more, to be told.
const LEAST_SHARE: f64 = 0.005;
/// Slower ones that are told, the dearest first: more than a person looks into.
const TOLD: usize = 20;
/// Of a statement's text, in a message.
const SHOWN_CHARACTERS: usize = 160;

/// Counters of one statement on one side.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementFigures {
    pub text: String,
    pub calls: i64,
    pub total_milliseconds: f64,
}

/// What became of the statements that both sides ran.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct QueryComparison {
    /// Statements that both sides ran often enough.
    pub compared: usize,
    /// Of the source, not yet run often enough on the target.
    pub not_yet_run: usize,
    /// What the source's mix of statements takes on the target, for each millisecond that it took on the source; null where
    /// nothing could be compared.
    pub time_factor: Option<f64>,
    /// The dearest first.
    pub slower: Vec<SlowerQuery>,
}

#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SlowerQuery {
    pub query: String,
    pub calls_before: i64,
    pub mean_milliseconds_before: f64,
    pub calls_after: i64,
    pub mean_milliseconds_after: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    calls: i64,
    total: f64,
}

impl Sum {
    fn mean(self) -> f64 {
        self.total / self.calls.max(1) as f64
    }
}

pub fn compared(before: &[StatementFigures], after: &[StatementFigures]) -> QueryComparison {
    let (old, new) = (by_shape(before), by_shape(after));
    let often = |sum: &Sum| sum.calls >= LEAST_CALLS;
    let old: Vec<_> = old.into_iter().filter(|(_, (_, sum))| often(sum)).collect();
    let pairs: Vec<(&str, Sum, Sum)> = old
        .iter()
        .filter_map(|(shape, (text, before))| {
            let (_, after) = new.get(shape).filter(|(_, sum)| often(sum))?;
            Some((*text, *before, *after))
        })
        .collect();
    let time: f64 = pairs.iter().map(|(_, before, _)| before.total).sum();
    let time_now: f64 = pairs
        .iter()
        .map(|(_, before, after)| before.calls as f64 * after.mean())
        .sum();
    QueryComparison {
        compared: pairs.len(),
        not_yet_run: old.len() - pairs.len(),
        time_factor: (time > 0.0).then_some(time_now / time),
        slower: slower(pairs, time),
    }
}

fn slower(pairs: Vec<(&str, Sum, Sum)>, time: f64) -> Vec<SlowerQuery> {
    let cost = |before: &Sum, after: &Sum| (after.mean() - before.mean()) * before.calls as f64;
    let mut dear: Vec<_> = pairs
        .into_iter()
        .filter(|(_, before, after)| {
            after.mean() >= SLOWER * before.mean() && cost(before, after) >= LEAST_SHARE * time
        })
        .collect();
    dear.sort_by(|one, other| cost(&other.1, &other.2).total_cmp(&cost(&one.1, &one.2)));
    dear.into_iter()
        .take(TOLD)
        .map(|(text, before, after)| SlowerQuery {
            query: text.to_owned(),
            calls_before: before.calls,
            mean_milliseconds_before: before.mean(),
            calls_after: after.calls,
            mean_milliseconds_after: after.mean(),
        })
        .collect()
}

fn by_shape(figures: &[StatementFigures]) -> BTreeMap<String, (&str, Sum)> {
    let mut sums: BTreeMap<String, (&str, Sum)> = BTreeMap::new();
    for one in figures {
        let (_, sum) = sums
            .entry(shape(&one.text))
            .or_insert((one.text.as_str(), Sum::default()));
        sum.calls += one.calls;
        sum.total += one.total_milliseconds;
    }
    sums
}

/// The text without what servers write differently: comments, how it is set, numbers of constants, and lengths of lists.
fn shape(text: &str) -> String {
    let mut shape = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
            shape.push(' ');
            continue;
        }
        rest = &rest[character.len_utf8()..];
        shape.push(if character.is_whitespace() { ' ' } else { character });
        if character == '$' {
            rest = rest.trim_start_matches(|next: char| next.is_ascii_digit());
        }
    }
    let words: Vec<&str> = shape.split(' ').filter(|word| !word.is_empty()).collect();
    let mut shape = words.join(" ");
    for (spaced, close) in [(" ,", ","), (", ", ","), ("( ", "("), (" )", ")")] {
        shape = shape.replace(spaced, close);
    }
    while shape.contains("$,$") {
        shape = shape.replace("$,$", "$");
    }
    shape
}

impl QueryComparison {
    pub(super) fn findings(&self) -> Vec<Finding> {
        let findings: Vec<Finding> = self.slower.iter().map(SlowerQuery::finding).collect();
        if findings.is_empty() {
            return vec![Finding::pass("query-slower", self.in_words())];
        }
        findings
    }

    /// How many, and how long they take together.
    pub fn in_words(&self) -> String {
        let factor = match self.time_factor {
            Some(factor) => format!(", and take {factor:.2} times as long in the source's mix"),
            None => String::new(),
        };
        format!(
            "{} ran on both sides{factor}; {} of the source have not run often enough on the target yet",
            counted(self.compared, "statement"),
            counted(self.not_yet_run, "statement")
        )
    }
}

impl SlowerQuery {
    fn finding(&self) -> Finding {
        Finding::warning(
            "query-slower",
            &shortened(&self.query),
            format!(
                "it takes {:.2} ms on the target ({}) and took {:.2} ms on the source ({})",
                self.mean_milliseconds_after,
                counted(self.calls_after, "call"),
                self.mean_milliseconds_before,
                counted(self.calls_before, "call")
            ),
            "compare its plan on both sides: explain (analyze, buffers) …; look at statistics, at parameters that differ \
             (assess --report), and at the indexes named below",
        )
    }
}

fn shortened(query: &str) -> String {
    let words: Vec<&str> = query.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= SHOWN_CHARACTERS {
        return line;
    }
    let start: String = line.chars().take(SHOWN_CHARACTERS).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(text: &str, calls: i64, mean: f64) -> StatementFigures {
        StatementFigures {
            text: text.into(),
            calls,
            total_milliseconds: mean * calls as f64,
        }
    }

    #[test]
    fn the_same_statement_is_found_however_each_server_writes_it() {
        for (one, other) in [
            (
                "select * from t\n where id = $1",
                "select *  from t where id = $12",
            ),
            (
                "select 1 where a in ($1, $2, $3)",
                "select 1 where a in ($1 /*, ... */)",
            ),
            ("insert into t values ($1,$2)", "insert into t values ( $1, $2 )"),
            ("/* app:7 */ select a", "select a /* app:8"),
        ] {
            assert_eq!(shape(one), shape(other), "{one}");
        }
        assert_ne!(shape("select a from t"), shape("select a from u"));
        assert_ne!(shape("select 'ü' || $1"), shape("select 'o' || $1"));
    }

    #[test]
    fn what_takes_longer_is_told_the_dearest_first() {
        let before = [
            ran("a $1", 1000, 1.0),
            ran("b", 100, 10.0),
            ran("c", 1000, 1.0),
            ran("rare", 4, 1.0),
        ];
        let after = [
            ran("a  $2", 50, 3.0),
            ran("b", 50, 100.0),
            ran("c", 50, 1.2),
            ran("new", 50, 9.0),
        ];
        let comparison = compared(&before, &after);
        assert_eq!((comparison.compared, comparison.not_yet_run), (3, 0));
        let told: Vec<&str> = comparison
            .slower
            .iter()
            .map(|slower| slower.query.as_str())
            .collect();
        assert_eq!(told, ["b", "a $1"]);
        assert_eq!(
            comparison.time_factor.map(|factor| (factor * 100.0).round()),
            Some(473.0)
        );
        assert_eq!(comparison.findings().len(), 2);
    }

    #[test]
    fn a_statement_that_costs_next_to_nothing_is_not_told() {
        let before = [ran("dear", 1000, 100.0), ran("cheap", 10, 0.1)];
        let after = [ran("dear", 10, 100.0), ran("cheap", 10, 0.9)];
        let comparison = compared(&before, &after);
        assert!(comparison.slower.is_empty(), "{comparison:?}");
        assert_eq!(comparison.findings()[0].severity, crate::finding::Severity::Pass);
    }
}
