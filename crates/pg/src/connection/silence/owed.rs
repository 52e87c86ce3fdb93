//! Whether a session's server owes an answer, and since when it says nothing.
//!
//! Counts what goes by: each Sync or Query is answered by one ReadyForQuery (manual, "Message Flow"). Reads nothing
//! of a message but its tag and length.

use std::{
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use tokio::time::sleep;

/// Between two looks whether the server is silent: who passes the bytes on wakes nobody for it.
const LOOK: Duration = Duration::from_secs(2);

/// Shared by who passes the bytes on and who watches.
#[derive(Debug, Default)]
pub(crate) struct Owed(Mutex<Now>);

#[derive(Debug, Default)]
struct Now {
    answers: usize,
    /// A read has found nothing since then.
    silent_since: Option<Instant>,
}

impl Owed {
    /// One more statement is to be answered. That nothing came while nothing was owed is no silence.
    pub(crate) fn asked(&self) {
        let mut now = self.now();
        if now.answers == 0 {
            now.silent_since = now.silent_since.map(|_| Instant::now());
        }
        now.answers += 1;
    }

    /// One is answered to its end.
    pub(crate) fn answered(&self) {
        let mut now = self.now();
        now.answers = now.answers.saturating_sub(1);
    }

    /// Something came, whatever it was.
    pub(crate) fn received(&self) {
        self.now().silent_since = None;
    }

    /// A read finds nothing.
    pub(crate) fn silent(&self) {
        self.now().silent_since.get_or_insert_with(Instant::now);
    }

    /// Returns once the server is silent although it owes an answer, with the time since when it is.
    pub(super) async fn since(&self) -> Instant {
        loop {
            sleep(LOOK).await;
            if let Some(since) = self.owed_since() {
                return since;
            }
        }
    }

    /// Returns once something has come since, even where the server is silent again.
    pub(super) async fn heard(&self, since: Instant) {
        while self.owed_since() == Some(since) {
            sleep(LOOK).await;
        }
    }

    fn owed_since(&self) -> Option<Instant> {
        let now = self.now();
        now.silent_since.filter(|_| now.answers > 0)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().expect("nothing panics with it")
    }
}

/// Finds the tags of the messages in a stream that comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct Tags {
    header: Vec<u8>,
    /// Of the message under way.
    left: usize,
}

impl Tags {
    const HEADER_BYTES: usize = 5;

    pub(crate) fn pass(&mut self, mut bytes: &[u8], mut found: impl FnMut(u8)) {
        loop {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return;
            }
            let taken = bytes.len().min(Self::HEADER_BYTES - self.header.len());
            self.header.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if let [tag, a, b, c, d] = self.header[..] {
                found(tag);
                // The length counts itself, which is read already.
                self.left = (u32::from_be_bytes([a, b, c, d]) as usize).saturating_sub(4);
                self.header.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_however_the_stream_is_cut() {
        let stream = b"Q\0\0\0\x06abS\0\0\0\x04X\0\0\0\x05!";
        for size in 1..=stream.len() {
            let (mut tags, mut found) = (Tags::default(), Vec::new());
            for piece in stream.chunks(size) {
                tags.pass(piece, |tag| found.push(tag));
            }
            assert_eq!(found, b"QSX", "in pieces of {size}");
        }
    }

    #[test]
    fn silence_counts_only_while_an_answer_is_owed() {
        let owed = Owed::default();
        owed.silent();
        assert_eq!(owed.owed_since(), None);
        owed.asked();
        assert!(owed.owed_since().is_some());
        owed.received();
        assert_eq!(owed.owed_since(), None);
        owed.silent();
        assert!(owed.owed_since().is_some());
        owed.answered();
        assert_eq!(owed.owed_since(), None);
    }

    #[test]
    fn silence_begins_with_the_question() {
        let owed = Owed::default();
        owed.silent();
        let before = Instant::now();
        owed.asked();
        let since = owed.owed_since().unwrap();
        assert!(since >= before);
        owed.asked();
        assert_eq!(
            owed.owed_since(),
            Some(since),
            "a second question changes nothing"
        );
    }

    #[tokio::test]
    async fn whoever_answers_between_two_looks_was_heard() {
        let owed = Owed::default();
        owed.asked();
        owed.asked();
        owed.silent();
        let since = owed.owed_since().unwrap();
        owed.received();
        owed.answered();
        owed.silent();
        assert!(owed.owed_since().is_some());
        owed.heard(since).await;
    }
}
