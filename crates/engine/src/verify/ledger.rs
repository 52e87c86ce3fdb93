//! Who compares what, and what came of it: on the target where a migration lives, else in this process.
//!
//! On the target, claims are row locks and several machines share one verification; between two databases
//! without a migration nothing is written to either, so there one process does it all.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use transhume_core::verify::rows::{Buckets, Subject};
use transhume_pg::{
    connection::session::Session,
    state::verification::{
        self, Claim, ClaimedPiece, ClaimedTable, NewTable, RecordedRow, Remaining, Small, TableResult,
    },
};
use transhume_wire::ident::QualifiedName;

use crate::error::{Doing, Result};

/// One comparer's access to it.
pub(crate) enum Ledger {
    Target {
        session: Box<Session>,
        verification: i64,
    },
    Process(Arc<Mutex<Book>>),
}

/// The state of a verification that no database keeps.
#[derive(Default)]
pub(crate) struct Book {
    waiting: VecDeque<ClaimedPiece>,
    tables: BTreeMap<QualifiedName, Entry>,
    pub(crate) rows: Vec<RecordedRow>,
}

struct Entry {
    subject: Subject,
    bytes: i64,
    pieces: usize,
    open_pieces: usize,
    bytes_done: i64,
    is_claimed: bool,
    buckets: Buckets,
    result: Option<TableResult>,
}

impl Book {
    /// Adds tables; whatever had no result before is forgotten.
    pub(crate) fn add(&mut self, tables: Vec<NewTable>) {
        self.waiting.clear();
        let has_result = |entry: &Entry| entry.result.as_ref().is_some_and(|result| result.equal.is_some());
        self.tables.retain(|_, entry| has_result(entry));
        for table in tables {
            let is_only_piece = table.pieces.len() == 1;
            let pieces = (0..)
                .zip(table.pieces)
                .map(|(number, (source, target, bytes))| ClaimedPiece {
                    subject: table.subject.clone(),
                    number,
                    source_predicate: source,
                    target_predicate: target,
                    bytes,
                    is_only_piece,
                });
            let before = self.waiting.len();
            self.waiting.extend(pieces);
            let entry = Entry {
                bytes: table.bytes,
                pieces: self.waiting.len() - before,
                open_pieces: self.waiting.len() - before,
                bytes_done: 0,
                is_claimed: false,
                buckets: Buckets::default(),
                result: None,
                subject: table.subject,
            };
            self.tables.insert(entry.subject.table.clone(), entry);
        }
        self.waiting
            .make_contiguous()
            .sort_by_key(|piece| std::cmp::Reverse(piece.bytes));
    }

    pub(crate) fn results(&self) -> Vec<TableResult> {
        self.tables
            .values()
            .filter_map(|entry| entry.result.clone())
            .collect()
    }

    /// These tables will be compared again.
    pub(crate) fn forget(&mut self, tables: &[&QualifiedName]) {
        self.tables.retain(|name, _| !tables.contains(&name));
    }

    fn claim(&mut self, small: Small) -> Claim {
        // The largest come first.
        let is_small = |piece: &ClaimedPiece| piece.is_only_piece && piece.bytes <= small.bytes;
        let mut together = Vec::new();
        let most = usize::try_from(small.tables).unwrap_or_default();
        while together.len() < most && self.waiting.front().is_some_and(is_small) {
            together.extend(self.waiting.pop_front());
        }
        if !together.is_empty() {
            return Claim::Small(together);
        }
        if let Some(piece) = self.waiting.pop_front() {
            return Claim::Piece(piece);
        }
        let ready =
            |entry: &&mut Entry| entry.open_pieces == 0 && !entry.is_claimed && entry.result.is_none();
        let Some(entry) = self.tables.values_mut().find(ready) else {
            return Claim::Nothing;
        };
        entry.is_claimed = true;
        Claim::Table(ClaimedTable {
            subject: entry.subject.clone(),
            buckets: std::mem::take(&mut entry.buckets),
        })
    }

    fn finish_piece(&mut self, piece: &ClaimedPiece, buckets: &Buckets) {
        if let Some(entry) = self.tables.get_mut(&piece.subject.table) {
            entry.buckets.merge(buckets);
            entry.open_pieces -= 1;
            entry.bytes_done += piece.bytes;
        }
    }

    fn end_table(&mut self, result: TableResult, rows: Vec<RecordedRow>) {
        if let Some(entry) = self.tables.get_mut(&result.name) {
            // Of one piece none waits any more.
            if entry.pieces > 1 {
                self.waiting.retain(|piece| piece.subject.table != result.name);
            }
            entry.result = Some(result);
        }
        self.rows.extend(rows);
    }

    fn outcome(&self) -> Remaining {
        let entries = self.tables.values();
        let count = |entries: usize| i64::try_from(entries).unwrap_or(i64::MAX);
        let done = |entry: &Entry| {
            if entry.result.is_some() {
                entry.bytes
            } else {
                entry.bytes_done
            }
        };
        Remaining {
            open: count(entries.clone().filter(|entry| entry.result.is_none()).count()),
            tables: count(self.tables.len()),
            bytes: entries.clone().map(|entry| entry.bytes).sum(),
            bytes_done: entries.map(done).sum(),
        }
    }
}

/// No comparer panics while it holds the book.
pub(crate) fn open(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().expect("no comparer panics")
}

impl Ledger {
    pub(crate) async fn claim(&self, small: Small) -> Result<Claim> {
        match self {
            Self::Target {
                session,
                verification,
            } => verification::claim(session, *verification, small)
                .await
                .doing("claiming a piece to compare"),
            Self::Process(book) => Ok(open(book).claim(small)),
        }
    }

    pub(crate) async fn finish_piece(
        &self,
        piece: &ClaimedPiece,
        comparer: &str,
        buckets: &Buckets,
    ) -> Result<()> {
        match self {
            Self::Target {
                session,
                verification,
            } => verification::finish_piece(session, *verification, piece, comparer, buckets)
                .await
                .doing("recording a compared piece"),
            Self::Process(book) => {
                open(book).finish_piece(piece, buckets);
                Ok(())
            }
        }
    }

    pub(crate) async fn end_table(&self, result: TableResult, rows: Vec<RecordedRow>) -> Result<()> {
        match self {
            Self::Target {
                session,
                verification,
            } => verification::end_table(session, *verification, &result, &rows)
                .await
                .doing("recording a compared table"),
            Self::Process(book) => {
                open(book).end_table(result, rows);
                Ok(())
            }
        }
    }

    /// Ends small tables that were claimed together.
    pub(crate) async fn end_tables(&self, ended: Vec<(TableResult, Vec<RecordedRow>)>) -> Result<()> {
        match self {
            Self::Target {
                session,
                verification,
            } => verification::end_tables(session, *verification, &ended)
                .await
                .doing("recording compared tables"),
            Self::Process(book) => {
                let mut book = open(book);
                for (result, rows) in ended {
                    book.end_table(result, rows);
                }
                Ok(())
            }
        }
    }

    pub(crate) async fn outcome(&self) -> Result<Remaining> {
        match self {
            Self::Target {
                session,
                verification,
            } => verification::open_tables(session, *verification)
                .await
                .doing("reading how much is left to compare"),
            Self::Process(book) => Ok(open(book).outcome()),
        }
    }
}
