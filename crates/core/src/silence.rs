//! What a connection's silence means, by what the server says of the process at its other end.
//!
//! Refuses clocks and sockets. Invariant: a process that works is never given up, however long it takes: a
//! transaction that is broken off for its length would be broken off at every further try.

/// A server process as `pg_stat_activity` shows it to its own role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackendNow {
    pub state: String,
    /// Empty while it runs.
    pub wait_event: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It executes something, or waits for something that is not us.
    Working,
    /// It waits for us, as we wait for it: what one of us sent is lost on the way.
    WaitsForUs,
    /// It has ended, and the news has not come.
    Gone,
}

/// What the silent connection is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Statements, each of which is answered.
    Statements,
    /// A stream whose server waits for WAL, and answers whenever it is asked to.
    Stream,
}

/// `backend` is none where the server has no such process any more.
pub fn judge(usage: Use, backend: Option<&BackendNow>) -> Meaning {
    let Some(backend) = backend else {
        return Meaning::Gone;
    };
    let waits_for_client = backend.wait_event.starts_with("Client");
    // While a slot is made the walsender waits for WAL too, and owes no answer before it has come.
    let waits_in_stream = usage == Use::Stream && backend.wait_event.starts_with("WalSender");
    if waits_for_client || waits_in_stream || backend.state.starts_with("idle") {
        Meaning::WaitsForUs
    } else {
        Meaning::Working
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(state: &str, wait_event: &str) -> BackendNow {
        BackendNow {
            state: state.to_owned(),
            wait_event: wait_event.to_owned(),
        }
    }

    #[test]
    fn who_works_or_waits_for_others_is_left_alone() {
        for (state, wait_event) in [
            ("active", ""),
            ("active", "transactionid"),
            ("active", "DataFileRead"),
        ] {
            for usage in [Use::Statements, Use::Stream] {
                assert_eq!(judge(usage, Some(&backend(state, wait_event))), Meaning::Working);
            }
        }
        let making_a_slot = backend("active", "WalSenderWaitForWAL");
        assert_eq!(judge(Use::Statements, Some(&making_a_slot)), Meaning::Working);
    }

    #[test]
    fn who_waits_for_us_while_we_wait_has_lost_its_connection() {
        for (state, wait_event) in [
            ("idle", "ClientRead"),
            ("idle in transaction", "ClientRead"),
            ("active", "ClientWrite"),
        ] {
            assert_eq!(
                judge(Use::Statements, Some(&backend(state, wait_event))),
                Meaning::WaitsForUs
            );
        }
        let idle_stream = backend("active", "WalSenderMain");
        assert_eq!(judge(Use::Stream, Some(&idle_stream)), Meaning::WaitsForUs);
        assert_eq!(judge(Use::Statements, None), Meaning::Gone);
    }
}
