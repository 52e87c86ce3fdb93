//! The side that a stream writes, as whoever alters it there by hand has to know it.
//!
//! Owns how a statement for it is printed: with the server where there are two that could be meant, and so that it is not refused
//! there as it stands.

use super::Remedy;
use crate::direction::Direction;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrittenSide {
    Target,
    /// Written on the way back. A fence has closed it: its transactions are read-only unless they say otherwise.
    OldSource {
        server: String,
    },
}

impl WrittenSide {
    /// Of a stream that goes this way and writes this server.
    pub fn of(direction: Direction, server: &impl ToString) -> Self {
        match direction {
            Direction::Forward => Self::Target,
            Direction::Reverse => Self::OldSource {
                server: server.to_string(),
            },
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::OldSource { .. } => "old source",
        }
    }

    /// A statement that is run there by hand, after the words that say where.
    pub fn run(&self, statement: &str) -> Remedy {
        match self {
            Self::Target => Remedy::on_target(statement),
            Self::OldSource { server } => {
                Remedy::on(&format!("old source, {server}"), self.statement(statement))
            }
        }
    }

    /// A statement as it is taken there.
    pub fn statement(&self, statement: &str) -> String {
        match self {
            Self::Target => statement.to_owned(),
            Self::OldSource { .. } => format!("begin read write; {statement}; commit"),
        }
    }

    /// A sentence that calls this side the target.
    pub fn tell(&self, message: &str) -> String {
        match self {
            Self::Target => message.to_owned(),
            Self::OldSource { .. } => format!("in reverse replication: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_for_the_old_source_names_the_server_and_is_taken_there() {
        let side = WrittenSide::of(Direction::Reverse, &"postgresql://app@old:5432/shop");
        assert_eq!(
            side.run("alter table a add b int").place_and_statement(),
            Some((
                "on the old source, postgresql://app@old:5432/shop",
                "begin read write; alter table a add b int; commit"
            ))
        );
        let side = WrittenSide::of(Direction::Forward, &"postgresql://app@new:5432/shop");
        assert_eq!(side.run("drop table a").as_str(), "on the target: drop table a");
    }
}
