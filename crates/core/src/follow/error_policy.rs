//! What becomes of a change that the target refuses (design §7).
//!
//! Owns the classes of refusals and what the operator wants done about each. Nothing is ever skipped unless it
//! was asked for, and what is skipped is stored whole. Errors of the environment are in no row's nature: they
//! are waited out, whatever the policy.

use crate::{disposition::takes_no_writes, sqlstate};
use std::{fmt, str::FromStr};

use transhume_wire::lsn::Lsn;

/// Why the target refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// A value: out of range, malformed, null, against a check.
    Data,
    /// The row: missing, there already, or against a constraint among rows.
    Conflict,
    /// The table: missing rights, another definition, no identity.
    Table,
    /// Neither: the disk is full, memory is short, the server takes no writes. It passes by itself, or an
    /// operator makes it pass.
    Environment,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorAction {
    /// Nothing of the transaction is applied, and the run ends with the reason.
    #[default]
    Stop,
    /// The change is stored whole in `transhume.exception`, and everything else goes on.
    Log,
    /// The table is suspended: its changes are skipped until it is loaded anew.
    Suspend,
}

/// What to do about each class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErrorPolicy {
    pub data: ErrorAction,
    pub conflict: ErrorAction,
    pub table: ErrorAction,
}

impl ErrorClass {
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Conflict => "conflict",
            Self::Table => "table",
            Self::Environment => "environment",
        }
    }
}

impl ErrorAction {
    pub const ALL: [Self; 3] = [Self::Stop, Self::Log, Self::Suspend];

    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Log => "log",
            Self::Suspend => "suspend",
        }
    }
}

impl fmt::Display for ErrorAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is none of stop, log and suspend")]
pub struct UnknownErrorAction(pub String);

impl FromStr for ErrorAction {
    type Err = UnknownErrorAction;

    fn from_str(word: &str) -> Result<Self, UnknownErrorAction> {
        Self::ALL
            .into_iter()
            .find(|action| action.name() == word)
            .ok_or_else(|| UnknownErrorAction(word.to_owned()))
    }
}

impl ErrorPolicy {
    /// None where the class is not for a policy to decide.
    pub fn action(self, class: ErrorClass) -> Option<ErrorAction> {
        match class {
            ErrorClass::Data => Some(self.data),
            ErrorClass::Conflict => Some(self.conflict),
            ErrorClass::Table => Some(self.table),
            ErrorClass::Environment => None,
        }
    }

    /// Some change may be stored instead of being applied.
    pub fn logs(self) -> bool {
        [self.data, self.conflict, self.table].contains(&ErrorAction::Log)
    }
}

/// The class of a SQLSTATE (PostgreSQL manual, appendix "PostgreSQL Error Codes").
pub fn class_of(sqlstate: &str) -> ErrorClass {
    match sqlstate {
        // Null, check; among the integrity violations these are a matter of one value.
        sqlstate::NOT_NULL_VIOLATION | sqlstate::CHECK_VIOLATION => ErrorClass::Data,
        _ if takes_no_writes(sqlstate) => ErrorClass::Environment,
        _ => match sqlstate.get(..2) {
            // Data exceptions; a limit of the program, such as a row that is too wide for its index.
            Some("22" | "54") => ErrorClass::Data,
            Some("23") => ErrorClass::Conflict,
            // Resources, intervention, the system (disk, memory, files).
            Some("53" | "57" | "58") => ErrorClass::Environment,
            _ => ErrorClass::Table,
        },
    }
}

/// Source transactions that commit up to here are written carefully.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Care {
    pub up_to: Lsn,
    pub policy: ErrorPolicy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_what_the_manual_says() {
        for (sqlstate, class) in [
            ("22003", ErrorClass::Data),
            ("22P02", ErrorClass::Data),
            ("23502", ErrorClass::Data),
            ("23514", ErrorClass::Data),
            ("54000", ErrorClass::Data),
            ("23505", ErrorClass::Conflict),
            ("23503", ErrorClass::Conflict),
            ("23P01", ErrorClass::Conflict),
            ("42501", ErrorClass::Table),
            ("42P01", ErrorClass::Table),
            ("0A000", ErrorClass::Table),
            ("53100", ErrorClass::Environment),
            ("53200", ErrorClass::Environment),
            ("25006", ErrorClass::Environment),
            ("58030", ErrorClass::Environment),
            ("", ErrorClass::Table),
        ] {
            assert_eq!(class_of(sqlstate), class, "{sqlstate}");
        }
    }

    #[test]
    fn nothing_is_skipped_unless_it_is_asked_for_and_the_environment_never() {
        let policy = ErrorPolicy::default();
        assert!(!policy.logs());
        for class in [ErrorClass::Data, ErrorClass::Conflict, ErrorClass::Table] {
            assert_eq!(policy.action(class), Some(ErrorAction::Stop));
        }
        let all = ErrorPolicy {
            data: ErrorAction::Log,
            conflict: ErrorAction::Log,
            table: ErrorAction::Log,
        };
        assert_eq!(all.action(ErrorClass::Environment), None);
        assert!(all.logs());
    }

    #[test]
    fn words_read_back() {
        for action in ErrorAction::ALL {
            assert_eq!(action.to_string().parse(), Ok(action));
        }
        assert!("ignore".parse::<ErrorAction>().is_err());
    }
}
