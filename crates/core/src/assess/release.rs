//! What the versions between both servers took away and a function of the source still names in its text.
//!
//! A trial restore finds what definitions name; the text of a function is looked at by the server only when it is called. The
//! list is of what PostgreSQL 13 to 18 renamed or removed, by their release notes, as far as a word shows it.

use std::collections::{BTreeMap, BTreeSet};

use super::observation::Observed;
use crate::{count::listed, finding::Finding};

const CODE: &str = "release-changes";

/// A word that means nothing any more from a version on.
struct Gone {
    since: u32,
    word: &'static str,
    /// Only beside this word: by itself it may be anybody's.
    beside: Option<&'static str>,
    instead: &'static str,
}

const fn gone(since: u32, word: &'static str, instead: &'static str) -> Gone {
    Gone {
        since,
        word,
        beside: None,
        instead,
    }
}

const fn column(since: u32, view: &'static str, word: &'static str, instead: &'static str) -> Gone {
    Gone {
        since,
        word,
        beside: Some(view),
        instead,
    }
}

const STATEMENTS: &str = "pg_stat_statements";
const BACKGROUND_WRITER: &str = "pg_stat_bgwriter";
const WAL: &str = "pg_stat_wal";
const CHECKPOINTER: &str = "a column of pg_stat_checkpointer";
const STATISTICS_OF_IO: &str = "pg_stat_io";

const GONE: [Gone; 37] = [
    column(13, STATEMENTS, "total_time", "total_exec_time"),
    column(13, STATEMENTS, "min_time", "min_exec_time"),
    column(13, STATEMENTS, "max_time", "max_exec_time"),
    column(13, STATEMENTS, "mean_time", "mean_exec_time"),
    column(13, STATEMENTS, "stddev_time", "stddev_exec_time"),
    gone(13, "wal_keep_segments", "wal_keep_size"),
    gone(14, "operator_precedence_warning", "nothing"),
    gone(14, "vacuum_cleanup_index_scale_factor", "nothing"),
    gone(15, "pg_start_backup", "pg_backup_start"),
    gone(15, "pg_stop_backup", "pg_backup_stop"),
    gone(15, "pg_is_in_backup", "nothing"),
    gone(15, "pg_backup_start_time", "nothing"),
    gone(15, "stats_temp_directory", "nothing"),
    gone(16, "force_parallel_mode", "debug_parallel_query"),
    gone(16, "promote_trigger_file", "pg_promote"),
    gone(16, "vacuum_defer_cleanup_age", "hot_standby_feedback"),
    gone(
        16,
        "lc_collate",
        "datcollate of pg_database, where the setting was read",
    ),
    gone(
        16,
        "lc_ctype",
        "datctype of pg_database, where the setting was read",
    ),
    gone(17, "old_snapshot_threshold", "nothing"),
    gone(17, "db_user_namespace", "nothing"),
    gone(17, "trace_recovery_messages", "nothing"),
    gone(17, "pg_file_write", "COPY … TO (the extension adminpack is gone)"),
    gone(
        17,
        "pg_logdir_ls",
        "pg_ls_logdir (the extension adminpack is gone)",
    ),
    column(17, BACKGROUND_WRITER, "checkpoints_timed", CHECKPOINTER),
    column(17, BACKGROUND_WRITER, "checkpoints_req", CHECKPOINTER),
    column(17, BACKGROUND_WRITER, "checkpoint_write_time", CHECKPOINTER),
    column(17, BACKGROUND_WRITER, "checkpoint_sync_time", CHECKPOINTER),
    column(17, BACKGROUND_WRITER, "buffers_checkpoint", CHECKPOINTER),
    column(17, BACKGROUND_WRITER, "buffers_backend", STATISTICS_OF_IO),
    column(17, BACKGROUND_WRITER, "buffers_backend_fsync", STATISTICS_OF_IO),
    column(17, STATEMENTS, "blk_read_time", "shared_blk_read_time"),
    column(17, STATEMENTS, "blk_write_time", "shared_blk_write_time"),
    gone(17, "daticulocale", "datlocale"),
    gone(17, "colliculocale", "colllocale"),
    column(18, WAL, "wal_write", STATISTICS_OF_IO),
    column(18, WAL, "wal_sync", STATISTICS_OF_IO),
    column(
        18,
        STATISTICS_OF_IO,
        "op_bytes",
        "read_bytes, write_bytes and extend_bytes",
    ),
];

/// All words that are looked for in the texts of functions.
pub fn words() -> BTreeSet<&'static str> {
    GONE.iter()
        .flat_map(|gone| [Some(gone.word), gone.beside])
        .flatten()
        .collect()
}

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    let major = |version: super::capability::VersionNumber| version.major();
    let source = major(observed.source.capabilities.server_version);
    let target = major(observed.target.capabilities.server_version);
    let mut by_function: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (function, words) in &observed.source.words_of_functions {
        let has = |word: &str| words.iter().any(|one| one == word);
        let between = GONE
            .iter()
            .filter(|gone| source < gone.since && gone.since <= target);
        for gone in between.filter(|gone| has(gone.word) && gone.beside.is_none_or(has)) {
            by_function.entry(function).or_default().push(format!(
                "{}, which PostgreSQL {} took away (instead: {})",
                gone.word, gone.since, gone.instead
            ));
        }
    }
    let findings = by_function
        .into_iter()
        .map(|(function, named)| {
            Finding::warning(
                CODE,
                function,
                format!("its text names {}", listed(named)),
                "it is restored as it is and fails when it is called: change it on the target after the load, or on the source in \
                 a way that both versions understand",
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        CODE,
        "no function names what the versions between both servers took away",
    )
}

#[cfg(test)]
mod tests {
    use super::{super::capability::VersionNumber, super::fixture::healthy, *};
    use crate::finding::Severity;

    fn named(source: u32, target: u32, words: &[&str]) -> Vec<Finding> {
        let mut observed = healthy();
        observed.source.capabilities.server_version = VersionNumber(source * 10_000);
        observed.target.capabilities.server_version = VersionNumber(target * 10_000);
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        observed.source.words_of_functions = vec![("function shop.f()".to_owned(), words)];
        check(&observed)
    }

    #[test]
    fn a_word_counts_between_the_versions_of_both_servers_alone() {
        let found = named(14, 15, &["pg_start_backup", "lc_collate"]);
        assert_eq!(found[0].object, "function shop.f()");
        assert_eq!(
            found[0].message,
            "its text names pg_start_backup, which PostgreSQL 15 took away (instead: pg_backup_start)"
        );
        for (source, target) in [(13, 14), (15, 17), (17, 13)] {
            assert_eq!(
                named(source, target, &["pg_start_backup"])[0].severity,
                Severity::Pass
            );
        }
    }

    #[test]
    fn a_column_counts_beside_its_view_alone() {
        assert_eq!(named(12, 13, &["total_time"])[0].severity, Severity::Pass);
        assert_eq!(
            named(12, 13, &["pg_stat_statements", "total_time"])[0].severity,
            Severity::Warning
        );
    }

    #[test]
    fn words_stand_for_themselves_in_a_pattern() {
        let plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(words().into_iter().all(plain));
    }
}
