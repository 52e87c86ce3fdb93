//! What clients went through, and what it says of a move. Pure: times are told.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, Instant},
};

/// Client and step: what a row of the ledger says.
pub(super) type Mark = (u32, u64);

/// One client's memory, or that of all.
#[derive(Debug, Default)]
pub(super) struct Experience {
    /// In the order of their time.
    pub(super) acknowledged: Vec<Acknowledged>,
    pub(super) failed: Vec<Failed>,
    /// Connections that were not to be had.
    pub(super) refused: Vec<Instant>,
    /// Sequence and value, those of failed transactions too.
    pub(super) issued: Vec<(String, i64)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Acknowledged {
    pub(super) at: Instant,
    /// Of the server.
    pub(super) port: u16,
    /// None where it only read.
    pub(super) mark: Option<Mark>,
}

#[derive(Debug)]
pub(super) struct Failed {
    pub(super) at: Instant,
    /// SQLSTATE, or what else.
    pub(super) reason: String,
}

/// A part of the trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) from: Instant,
    pub(super) to: Instant,
}

impl Window {
    fn holds(self, at: Instant) -> bool {
        self.from <= at && at < self.to
    }
}

/// The longest time that any client went without an acknowledged transaction, as far as it lies in the window.
pub(super) fn longest_wait(clients: &[Experience], window: Window) -> Duration {
    let waits = clients.iter().flat_map(|client| {
        let times = client.acknowledged.iter().map(|acknowledged| acknowledged.at);
        let ends = times.clone().skip(1).chain([window.to]);
        times
            .zip(ends)
            .filter(move |(begin, end)| *begin < window.to && window.from < *end)
    });
    waits
        .map(|(begin, end)| end.min(window.to).saturating_duration_since(begin))
        .max()
        .unwrap_or_default()
}

/// From the last commit that one server acknowledged to the first one of the other. None where they overlap, which reading
/// may and writing must not, or where one said nothing.
pub(super) fn between(clients: &[Experience], window: Window, before: u16, after: u16) -> Option<Duration> {
    let of = |port| {
        let all = clients.iter().flat_map(|client| &client.acknowledged);
        all.filter(|acknowledged| acknowledged.mark.is_some() && window.holds(acknowledged.at))
            .filter(move |acknowledged| acknowledged.port == port)
            .map(|acknowledged| acknowledged.at)
    };
    of(after).min()?.checked_duration_since(of(before).max()?)
}

/// Acknowledged transactions for each second.
pub(super) fn rate(clients: &[Experience], window: Window) -> f64 {
    let all = clients.iter().flat_map(|client| &client.acknowledged);
    let count = all.filter(|acknowledged| window.holds(acknowledged.at)).count();
    count as f64 / (window.to - window.from).as_secs_f64()
}

/// How many transactions failed for which reason.
pub(super) fn failures(clients: &[Experience], window: Window) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for failed in clients.iter().flat_map(|client| &client.failed) {
        if window.holds(failed.at) {
            *counted.entry(failed.reason.clone()).or_default() += 1;
        }
    }
    counted
}

pub(super) fn refusals(clients: &[Experience], window: Window) -> usize {
    let all = clients.iter().flat_map(|client| &client.refused);
    all.filter(|at| window.holds(**at)).count()
}

/// Values that a sequence gave out more than once, on whichever side.
pub(super) fn issued_twice(clients: &[Experience]) -> Vec<String> {
    let mut seen = HashSet::new();
    let all = clients.iter().flat_map(|client| &client.issued);
    all.filter(|(sequence, value)| !seen.insert((sequence, value)))
        .map(|(sequence, value)| format!("{sequence} {value}"))
        .collect()
}

/// Acknowledged marks that the ledger does not have, and marks that it has more than once.
pub(super) fn missing_and_doubled(clients: &[Experience], ledger: &[Mark]) -> (Vec<Mark>, Vec<Mark>) {
    let mut found: HashMap<Mark, usize> = HashMap::new();
    for mark in ledger {
        *found.entry(*mark).or_default() += 1;
    }
    let all = clients.iter().flat_map(|client| &client.acknowledged);
    let missing = all
        .filter_map(|acknowledged| acknowledged.mark)
        .filter(|mark| !found.contains_key(mark))
        .collect();
    let doubled = found.iter().filter(|(_, count)| **count > 1);
    (missing, doubled.map(|(mark, _)| *mark).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(start: Instant, acknowledged: &[(u64, u16)]) -> Experience {
        let acknowledged = acknowledged
            .iter()
            .enumerate()
            .map(|(step, (at, port))| Acknowledged {
                at: start + Duration::from_millis(*at),
                port: *port,
                mark: Some((7, step as u64)),
            });
        Experience {
            acknowledged: acknowledged.collect(),
            ..Experience::default()
        }
    }

    fn window(start: Instant, from: u64, to: u64) -> Window {
        Window {
            from: start + Duration::from_millis(from),
            to: start + Duration::from_millis(to),
        }
    }

    #[test]
    fn a_wait_counts_where_it_overlaps_the_window_and_a_client_that_never_came_back_waits_to_its_end() {
        let start = Instant::now();
        let clients = [
            client(start, &[(0, 1), (500, 1), (510, 1), (800, 2), (1000, 2)]),
            client(start, &[(0, 1), (20, 1), (500, 1)]),
        ];
        assert_eq!(
            longest_wait(&clients, window(start, 600, 700)),
            Duration::from_millis(200)
        );
        assert_eq!(
            longest_wait(&clients[..1], window(start, 505, 900)),
            Duration::from_millis(290)
        );
        assert_eq!(
            longest_wait(&clients, window(start, 600, 1000)),
            Duration::from_millis(500)
        );
    }

    #[test]
    fn between_is_from_the_last_of_one_server_to_the_first_of_the_other() {
        let start = Instant::now();
        let clients = [
            client(start, &[(0, 1), (50, 1), (90, 2)]),
            client(start, &[(60, 1), (80, 2), (200, 1)]),
        ];
        let gap = |to| between(&clients, window(start, 0, to), 1, 2);
        assert_eq!(gap(100), Some(Duration::from_millis(20)));
        assert_eq!(gap(300), None, "the first server committed after the second one");
    }

    #[test]
    fn what_is_missing_doubled_or_numbered_twice_is_found() {
        let start = Instant::now();
        let mut one = client(start, &[(0, 1), (1, 1)]);
        one.issued = vec![
            ("number".to_owned(), 3),
            ("receipt".to_owned(), 3),
            ("number".to_owned(), 3),
        ];
        let clients = [one];
        assert_eq!(issued_twice(&clients), ["number 3"]);
        let (missing, doubled) = missing_and_doubled(&clients, &[(7, 1), (7, 1)]);
        assert_eq!((missing, doubled), (vec![(7, 0)], vec![(7, 1)]));
    }
}
