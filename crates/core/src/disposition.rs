//! What to do about a server's error: the one place that reads SQLSTATEs (PostgreSQL manual,
//! appendix "PostgreSQL Error Codes").
//!
//! Retry is a narrow list of what passes by itself. Everything not named waits for the operator:
//! a guess here would be a silent loop or a silent loss.

use crate::sqlstate;

/// What the caller may do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It passes by itself: try again with back-off.
    Retry,
    /// A person must change something first.
    WaitForOperator,
    /// The session or the request is beyond use; trying again would do the same.
    Abort,
}

/// Classifies a SQLSTATE of five characters.
pub fn classify(sqlstate: &str) -> Disposition {
    match sqlstate {
        // A statement that was cancelled: no time-out does that to our sessions, so somebody did. Whoever wants the work to
        // end stops the run; a script that cancels what runs long is outlasted, as long as patience lasts.
        sqlstate::QUERY_CANCELED
        | sqlstate::SERIALIZATION_FAILURE
        | sqlstate::DEADLOCK_DETECTED
        | sqlstate::LOCK_NOT_AVAILABLE
        | sqlstate::TOO_MANY_CONNECTIONS
        | sqlstate::ADMIN_SHUTDOWN
        | sqlstate::CRASH_SHUTDOWN
        | sqlstate::CANNOT_CONNECT_NOW
        | sqlstate::IDLE_SESSION_TIMEOUT
        | sqlstate::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Disposition::Retry,
        // The same again next time.
        sqlstate::FEATURE_NOT_SUPPORTED
        | sqlstate::UNDEFINED_FUNCTION
        | sqlstate::INTERNAL_ERROR
        | sqlstate::DATA_CORRUPTED
        | sqlstate::INDEX_CORRUPTED
        | sqlstate::PROTOCOL_VIOLATION => Disposition::Abort,
        _ if sqlstate.starts_with("08") => Disposition::Retry,
        _ => Disposition::WaitForOperator,
    }
}

/// Classes of answers that are about the rows or the definition of what is built, not about the server: feature not supported,
/// connection of a foreign server, cardinality, data, integrity, routines, rules and rights, limits, raised by a function.
const ABOUT_A_BUILD: [&str; 11] = ["0A", "08", "21", "22", "23", "2F", "38", "39", "42", "54", "P0"];

/// A build that is answered so can wait, while everything else goes on.
pub fn is_refused_by_data(sqlstate: &str) -> bool {
    ABOUT_A_BUILD.iter().any(|class| sqlstate.starts_with(class))
}

/// The server takes no writes for now, as managed ones do when their storage is full: work that is under way waits for that, and
/// says so.
pub fn takes_no_writes(sqlstate: &str) -> bool {
    matches!(
        sqlstate,
        sqlstate::READ_ONLY_SQL_TRANSACTION | sqlstate::DISK_FULL
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_refuse_a_build_and_a_full_disk_does_not() {
        for about_it in ["23503", "23505", "22012", "42883", "P0001"] {
            assert!(is_refused_by_data(about_it), "{about_it}");
        }
        for other in ["53100", "25006", "57P01", "40P01", "XX000"] {
            assert!(!is_refused_by_data(other), "{other}");
        }
    }

    #[test]
    fn only_what_passes_by_itself_is_retried() {
        assert_eq!(classify("40P01"), Disposition::Retry);
        assert_eq!(classify("08006"), Disposition::Retry);
        assert_eq!(classify("57014"), Disposition::Retry);
        assert_eq!(classify("23505"), Disposition::WaitForOperator);
        assert_eq!(classify("53100"), Disposition::WaitForOperator);
        assert_eq!(classify("08P01"), Disposition::Abort);
        assert_eq!(classify("ZZZZZ"), Disposition::WaitForOperator);
    }
}
