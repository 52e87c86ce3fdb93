//! The locks of a fence: how they are asked for, and in which order.
//!
//! A writer that holds one table and waits for another, which the fence holds already, would make both wait in vain.
//! Whatever a try had to wait for is asked for first by the next: the order comes to be the application's own. Invariants:
//! each table and sequence is asked for once; what is asked for together and had to wait is asked for one by one from then on.

use transhume_core::{sequence::Sequence, table::Table};

/// Up to so many tables and sequences each is a request of its own: a try that fails tells at once which had to be waited
/// for, and so few requests cost some ten milliseconds.
const ONE_BY_ONE: usize = 500;

/// Of more, so many are one request: the server reads and answers a hundredth of the statements, and what had to be waited
/// for is one of few.
const TOGETHER: usize = 250;

/// The locks of a fence in the order in which they are asked for.
#[derive(Debug, Clone)]
pub struct LockOrder {
    /// One statement for all tables; empty where there is none.
    gentle: String,
    strong: Vec<Request>,
}

/// What is asked for in one message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Request {
    /// Names.
    Tables(Vec<String>),
    /// Statements.
    Sequences(Vec<String>),
}

impl Request {
    fn statement(&self) -> String {
        match self {
            Self::Tables(names) => format!("lock table {} in share row exclusive mode", names.join(", ")),
            Self::Sequences(statements) => statements.join("; "),
        }
    }

    fn one_by_one(self) -> Vec<Self> {
        match self {
            Self::Tables(names) => names.into_iter().map(|name| Self::Tables(vec![name])).collect(),
            Self::Sequences(statements) => {
                let alone = |statement| Self::Sequences(vec![statement]);
                statements.into_iter().map(alone).collect()
            }
        }
    }
}

impl LockOrder {
    pub fn new(tables: &[Table], sequences: &[Sequence]) -> Self {
        let names: Vec<String> = tables
            .iter()
            .map(|table| format!("only {}", table.name))
            .collect();
        // LOCK cannot name a sequence; an ALTER that changes nothing takes the lock that nextval waits for.
        let alterations: Vec<String> = sequences
            .iter()
            .map(|sequence| {
                format!(
                    "alter sequence {} increment by {}",
                    sequence.name, sequence.increment
                )
            })
            .collect();
        let gentle = if names.is_empty() {
            String::new()
        } else {
            format!("lock table {} in share update exclusive mode", names.join(", "))
        };
        let together = if names.len() + alterations.len() > ONE_BY_ONE {
            TOGETHER
        } else {
            1
        };
        let of_tables = names
            .chunks(together)
            .map(|names| Request::Tables(names.to_vec()));
        let of_sequences = alterations
            .chunks(together)
            .map(|statements| Request::Sequences(statements.to_vec()));
        Self {
            strong: of_tables.chain(of_sequences).collect(),
            gentle,
        }
    }

    pub(super) fn gentle(&self) -> &str {
        &self.gentle
    }

    /// One message each.
    pub(super) fn strong(&self) -> impl Iterator<Item = String> {
        self.strong.iter().map(Request::statement)
    }

    /// What is in this place had to be waited for.
    pub(super) fn promote(&mut self, place: usize) {
        let waited = self.strong.remove(place).one_by_one();
        self.strong.splice(..0, waited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(requests: &[&[&str]]) -> LockOrder {
        let names = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        LockOrder {
            gentle: String::new(),
            strong: requests.iter().map(|one| Request::Tables(names(one))).collect(),
        }
    }

    #[test]
    fn what_had_to_be_waited_for_is_asked_for_first_by_the_next_try() {
        let mut asked = order(&[&["a"], &["b"], &["c"], &["d"]]);
        asked.promote(2);
        assert_eq!(asked.strong, order(&[&["c"], &["a"], &["b"], &["d"]]).strong);
    }

    #[test]
    fn what_is_asked_for_together_is_asked_for_one_by_one_once_it_had_to_be_waited_for() {
        let mut asked = order(&[&["a", "b"], &["c", "d"], &["e"]]);
        asked.promote(1);
        assert_eq!(asked.strong, order(&[&["c"], &["d"], &["a", "b"], &["e"]]).strong);
        assert_eq!(
            asked.strong().nth(2).unwrap(),
            "lock table a, b in share row exclusive mode"
        );
        asked.promote(1);
        assert_eq!(asked.strong, order(&[&["d"], &["c"], &["a", "b"], &["e"]]).strong);
    }
}
