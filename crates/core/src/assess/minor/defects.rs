//! The one table of defects of minor versions, each with the day of the release notes that tell of its correction.
//!
//! Made from the release notes of the minor versions of 13 to 18 up to 2026-11-12, and of 12 to its end. Refuses what crashes or
//! misleads a server without harm to a migration, and what the program avoids by itself (`jit` is off, two-phase slots are not made).
//! The last minor versions of 14, 16 and 18 were taken from the notes of the same day for other versions.

use std::ops::Range;

/// Whose defect it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Concerns {
    /// Who sends changes: the source, and the target once a cutover makes reverse replication possible.
    Decoding,
    /// Who shows rows under a snapshot: the source.
    Source,
    /// Who builds indexes and checks keys: the target.
    Target,
    Both,
    Programs,
}

#[derive(Debug)]
pub(super) struct Defect {
    pub(super) concerns: Concerns,
    /// Minor versions that have it, by major version; the end of the range is the first that is corrected.
    pub(super) affected: &'static [(u32, Range<u32>)],
    pub(super) harm: &'static str,
    /// Day of the release notes that tell of the correction.
    pub(super) notes: &'static str,
}

/// The major version reached its end without the correction.
pub(super) const NEVER: u32 = u32::MAX;

/// A row a defect, oldest first.
#[rustfmt::skip]
pub(super) const DEFECTS: &[Defect] = &[
    Defect {
        concerns: Concerns::Both,
        affected: &[(12, 0..9), (13, 0..5), (14, 0..1)],
        harm: "indexes made with CONCURRENTLY can miss rows of transactions of that moment (reindex them after the update)",
        notes: "2021-11-11",
    },
    Defect {
        concerns: Concerns::Source,
        affected: &[(12, 0..10), (13, 0..6), (14, 0..2)],
        harm: "rules that insert whole rows are printed with another meaning",
        notes: "2022-02-10",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..11), (13, 0..7), (14, 0..3)],
        harm: "an update is sent without its key where the key is stored out of line",
        notes: "2022-05-12",
    },
    Defect {
        concerns: Concerns::Both,
        affected: &[(14, 0..4)],
        harm: "indexes made with CONCURRENTLY can miss rows, and unique ones hide duplicates (reindex them after the update)",
        notes: "2022-06-16",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..13), (13, 0..9), (14, 0..6)],
        harm: "decoding that resumes inside a transaction that altered tables can read it with the wrong definitions",
        notes: "2022-11-10",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(12, 0..16), (13, 0..12), (14, 0..9), (15, 0..4)],
        harm: "BRIN indexes can forget NULLs, and must be built anew after the update",
        notes: "2023-08-10",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(12, 0..17), (13, 0..13), (14, 0..10), (15, 0..5), (16, 0..1)],
        harm: "a GiST index can be built so that searches miss rows",
        notes: "2023-11-09",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(13, 0..13), (14, 0..10), (15, 0..5), (16, 0..1)],
        harm: "btree indexes of interval columns can return wrong values, and must be built anew after the update",
        notes: "2023-11-09",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(16, 0..1)],
        harm: "COPY into a partitioned table can fail (\"could not read block\")",
        notes: "2023-11-09",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(15, 0..6), (16, 0..2)],
        harm: "a column that was added with a default is sent as NULL for rows from before",
        notes: "2024-02-08",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(16, 0..2)],
        harm: "who is no superuser cannot set owner, comment or grants of large objects",
        notes: "2024-02-08",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..20), (13, 0..16), (14, 0..13), (15, 0..8), (16, 0..4)],
        harm: "a new slot can begin inside a running transaction and send only the rest of it",
        notes: "2024-08-08",
    },
    Defect {
        concerns: Concerns::Programs,
        affected: &[(12, 0..20), (13, 0..16), (14, 0..13), (15, 0..8), (16, 0..4)],
        harm: "whoever may create tables on the source can have pg_dump run their code with its role's rights",
        notes: "2024-08-08",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(14, 0..14), (15, 0..9), (16, 0..5), (17, 0..1)],
        harm: "a transaction that inserts a column's default can end decoding",
        notes: "2024-11-14",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..21), (13, 0..17), (14, 0..14), (15, 0..9), (16, 0..5), (17, 0..1)],
        harm: "long transactions can make decoding run out of memory",
        notes: "2024-11-14",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(17, 0..1)],
        harm: "where LC_CTYPE is C and LC_COLLATE is not, indexes of text are wrong, and must be built anew after the update",
        notes: "2024-11-14",
    },
    Defect {
        concerns: Concerns::Both,
        affected: &[(12, 21..22), (13, 17..18), (14, 14..15), (15, 9..10), (16, 5..6), (17, 1..2)],
        harm: "a role that ALTER ROLE or ALTER DATABASE sets is not taken on",
        notes: "2024-11-21",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..NEVER), (13, 0..18), (14, 0..15), (15, 0..10), (16, 0..6), (17, 0..2)],
        harm: "a slot's restart LSN can move back to WAL that is gone, which ends the slot",
        notes: "2024-11-21",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..NEVER), (13, 0..21), (14, 0..18), (15, 0..13), (16, 0..9), (17, 0..5)],
        harm: "changes are decoded as a table was before a concurrent change of its definition or of the publication",
        notes: "2025-05-08",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(14, 0..18), (15, 0..13), (16, 0..9), (17, 0..5)],
        harm: "BRIN bloom indexes can miss rows, and must be built anew after the update",
        notes: "2025-05-08",
    },
    Defect {
        concerns: Concerns::Source,
        affected: &[(16, 0..9), (17, 0..5)],
        harm: "views with XMLSERIALIZE (… INDENT) are printed without INDENT",
        notes: "2025-05-08",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..NEVER), (13, 0..22), (14, 0..19), (15, 0..14), (16, 0..10), (17, 0..6)],
        harm: "a slot can move back, and a checkpoint can remove WAL that it needs",
        notes: "2025-08-14",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(13, 21..22), (14, 18..19), (15, 13..14), (16, 9..10), (17, 5..6)],
        harm: "changes of the schema can make decoding run out of memory",
        notes: "2025-08-14",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..NEVER), (13, 0..22), (14, 0..19), (15, 0..14), (16, 0..10), (17, 0..6)],
        harm: "after a crash decoding can wait without end for the rest of a broken record",
        notes: "2025-08-14",
    },
    Defect {
        concerns: Concerns::Source,
        affected: &[(14, 0..20), (15, 0..15), (16, 0..11), (17, 0..7), (18, 0..1)],
        harm: "a partition that was detached CONCURRENTLY from a tree by hash keeps a check that no other database can evaluate (drop the constraint)",
        notes: "2025-11-13",
    },
    Defect {
        concerns: Concerns::Programs,
        affected: &[(17, 0..7), (18, 0..1)],
        harm: "pg_dump leaves out NOT NULL that a child table alone has on an inherited column",
        notes: "2025-11-13",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..NEVER), (13, 0..NEVER), (14, 0..21), (15, 0..16), (16, 0..12), (17, 0..8), (18, 0..2)],
        harm: "a checkpoint can end a slot that was just made",
        notes: "2026-02-12",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(18, 0..2)],
        harm: "GIN indexes of ltree, and of types with an order of their own, can be built wrongly",
        notes: "2026-02-12",
    },
    Defect {
        concerns: Concerns::Both,
        affected: &[(14, 21..22), (15, 16..17), (16, 12..13), (17, 8..9), (18, 2..3)],
        harm: "substring() refuses valid texts that are stored out of line",
        notes: "2026-02-26",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(18, 0..3)],
        harm: "json_strip_nulls() and jsonb_strip_nulls() are not immutable, so that indexes and generated columns with them are refused",
        notes: "2026-02-26",
    },
    Defect {
        concerns: Concerns::Programs,
        affected: &[(18, 0..4)],
        harm: "pg_dump loses NO INHERIT of NOT NULL constraints",
        notes: "2026-05-14",
    },
    Defect {
        concerns: Concerns::Source,
        affected: &[(14, 0..24), (15, 0..19), (16, 0..15), (17, 0..11), (18, 0..6)],
        harm: "whoever may create views on the source can have the migration run their code on the target (CVE-2026-15741)",
        notes: "2026-08-13",
    },
    Defect {
        concerns: Concerns::Source,
        affected: &[(12, 0..NEVER), (13, 0..NEVER), (14, 0..24), (15, 0..19), (16, 0..15), (17, 0..11), (18, 0..6)],
        harm: "values of type seg with ~ are printed wrongly, even without their upper boundary, and no comparison can see it",
        notes: "2026-08-13",
    },
    Defect {
        concerns: Concerns::Programs,
        affected: &[(12, 0..NEVER), (13, 0..NEVER), (14, 0..24), (15, 0..19), (16, 0..15), (17, 0..11), (18, 0..6)],
        harm: "a hostile server can run code on this machine (CVE-2026-19385)",
        notes: "2026-08-13",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(12, 0..NEVER), (13, 0..NEVER), (14, 0..24), (15, 0..19), (16, 0..15), (17, 0..11), (18, 0..6)],
        harm: "indexes of btree_gist on floats that are NaN are wrong, and must be built anew after the update",
        notes: "2026-08-13",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(17, 0..11), (18, 0..6)],
        harm: "exclusion constraints of partitioned tables cannot be attached",
        notes: "2026-08-13",
    },
    Defect {
        concerns: Concerns::Decoding,
        affected: &[(12, 0..NEVER), (13, 0..NEVER), (14, 0..25), (15, 0..20), (16, 0..16), (17, 0..12), (18, 0..7)],
        harm: "after a subtransaction that altered a table was rolled back, the table can be decoded wrongly",
        notes: "2026-11-12",
    },
    Defect {
        concerns: Concerns::Source,
        affected: &[(12, 0..NEVER), (13, 0..NEVER), (14, 0..25), (15, 0..20), (16, 0..16), (17, 0..12), (18, 0..7)],
        harm: "in the moment in which a loader takes the snapshot over, VACUUM can remove rows that it shows",
        notes: "2026-11-12",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(13, 0..NEVER), (14, 0..25), (15, 0..20), (16, 0..16), (17, 0..12), (18, 0..7)],
        harm: "indexes of bpchar columns without a length can return wrong values, and must be built anew after the update",
        notes: "2026-11-12",
    },
    Defect {
        concerns: Concerns::Programs,
        affected: &[(12, 0..NEVER), (13, 0..NEVER), (14, 0..25), (15, 0..20), (16, 0..16), (17, 0..12), (18, 0..7)],
        harm: "a crafted archive can run code on this machine (CVE-2026-116314)",
        notes: "2026-11-12",
    },
    Defect {
        concerns: Concerns::Source,
        affected: &[(12, 0..NEVER), (13, 0..NEVER), (14, 0..25), (15, 0..20), (16, 0..16), (17, 0..12), (18, 0..7)],
        harm: "some views and rules are printed with another meaning (AT TIME ZONE in FROM, IS DOCUMENT, aliases)",
        notes: "2026-11-12",
    },
    Defect {
        concerns: Concerns::Target,
        affected: &[(14, 0..25), (15, 0..20), (16, 0..16), (17, 0..12), (18, 0..7)],
        harm: "GiST indexes of pg_trgm can miss rows, and must be built anew after the update",
        notes: "2026-11-12",
    },
];
