//! Which entries are tried: refused ones take what needs them along, under their name.

use std::collections::HashMap;

use crate::schema::archive::Entry;

/// A server's answer, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// It is the rows that were refused; the definition as such was not.
    pub is_for_rows: bool,
}

/// An entry that the target refused, and what could not be tried for want of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub dump_id: i32,
    pub answer: Answer,
    /// Dump ids, in the archive's order.
    pub dependents: Vec<i32>,
}

/// How far a trial has come. It outlives a session, so that a trial goes on where the server ended one.
#[derive(Debug, Default)]
pub struct Course {
    refusals: Vec<Refusal>,
    /// What is not there, with the number of the refusal that is the cause.
    absent: HashMap<i32, usize>,
}

impl Course {
    /// Whether the entry has all that it needs; if not, it is remembered under the cause.
    pub fn may_try(&mut self, entry: &Entry) -> bool {
        if self.absent.contains_key(&entry.dump_id) {
            return false;
        }
        let cause = entry
            .depends_on
            .iter()
            .find_map(|need| self.absent.get(need).copied());
        let Some(cause) = cause else {
            return true;
        };
        self.absent.insert(entry.dump_id, cause);
        self.refusals[cause].dependents.push(entry.dump_id);
        false
    }

    pub fn refuse(&mut self, entry: &Entry, answer: Answer) {
        if self.absent.contains_key(&entry.dump_id) {
            return;
        }
        self.absent.insert(entry.dump_id, self.refusals.len());
        self.refusals.push(Refusal {
            dump_id: entry.dump_id,
            answer,
            dependents: Vec::new(),
        });
    }

    /// Refused, or without something that it needs.
    pub fn is_absent(&self, dump_id: i32) -> bool {
        self.absent.contains_key(&dump_id)
    }

    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(dump_id: i32, depends_on: &[i32]) -> Entry {
        let mut entry = Entry::parse(&format!("{dump_id}; 1255 {dump_id} FUNCTION s f() o")).unwrap();
        entry.depends_on = depends_on.to_vec();
        entry
    }

    fn answer() -> Answer {
        Answer {
            sqlstate: "42501".into(),
            message: "permission denied".into(),
            detail: None,
            hint: None,
            is_for_rows: false,
        }
    }

    #[test]
    fn what_hangs_on_a_refused_entry_is_named_under_it_and_not_tried() {
        let mut course = Course::default();
        assert!(course.may_try(&entry(1, &[])));
        course.refuse(&entry(1, &[]), answer());
        assert!(!course.may_try(&entry(2, &[1])));
        assert!(
            !course.may_try(&entry(3, &[9, 2])),
            "also what hangs on it by another"
        );
        assert!(course.may_try(&entry(4, &[9])));
        assert_eq!(course.refusals()[0].dependents, [2, 3]);
    }

    #[test]
    fn a_trial_that_begins_anew_counts_nothing_twice() {
        let mut course = Course::default();
        course.refuse(&entry(1, &[]), answer());
        assert!(!course.may_try(&entry(2, &[1])));
        course.refuse(&entry(1, &[]), answer());
        assert!(!course.may_try(&entry(1, &[])));
        assert!(!course.may_try(&entry(2, &[1])));
        assert_eq!(course.refusals().len(), 1);
        assert_eq!(course.refusals()[0].dependents, [2]);
    }
}
