//! What to do about a server's error: the one place that reads SQLSTATEs (PostgreSQL manual,
//! appendix "PostgreSQL Error Codes").
//!
//! Retry is a narrow list of what passes by itself. Everything not named waits for the operator:
//! a guess here would be a silent loop or a silent loss.

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
        "57014" => Disposition::Retry,
        // Deadlock, serialization failure, lock not available, too many connections, shutting down, starting up,
        // an unforeseen end of the backend by an administrator, or a broken connection.
        "40001" | "40P01" | "55P03" | "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => {
            Disposition::Retry
        }
        // Feature not supported, undefined function, internal error, protocol violation: the same again next time.
        "0A000" | "42883" | "XX000" | "XX001" | "XX002" | "08P01" => Disposition::Abort,
        _ if sqlstate.starts_with("08") => Disposition::Retry,
        _ => Disposition::WaitForOperator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
