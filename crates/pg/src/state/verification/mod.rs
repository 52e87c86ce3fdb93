//! `transhume.verification` and its tables: what was compared at which consistent point, the pieces still to
//! be compared, and every row that differed.
//!
//! A piece is claimed by a row lock in the transaction that writes its result, as parts of the load are: who
//! dies lets go of it, and several machines share one verification. Once a table's last piece is done, the
//! table itself is claimed the same way, to look for the rows that differ and to be ended.

mod claim;
mod clean;
mod latest;
mod recency;
mod rechecked;
mod rows;
mod run;

pub use self::{
    claim::{
        Claim, ClaimedPiece, ClaimedTable, Remaining, Small, claim, end_table, end_tables, finish_piece,
        open_tables,
    },
    clean::{Shapes, altered_since, carry, keep_clean, known, note_shapes},
    latest::{VerificationLine, latest},
    recency::recency,
    rechecked::{Rechecked, record_rechecked, undecided},
    rows::{RecordedRow, record_rows, repaired, rows},
    run::{
        Digests, KEPT, LastVerification, NewTable, Running, TableResult, Unchanged, add_objects, add_tables,
        begin, end, last, refreeze, reopen, running, table_results,
    },
};
