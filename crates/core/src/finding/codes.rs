//! Every code of a finding: where it comes from, what it means, what it bars.
//!
//! The one list that scripts, the reference page and the constructors of [`Finding`](super::Finding) share: a finding with
//! another code is a mistake of the program and panics in a debug build. Codes are stable; a code that goes is a
//! breaking change.

use std::fmt::Write;

/// What a blocker with the code bars until it is remedied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bars {
    /// Never a blocker.
    Nothing,
    /// `run` does not begin.
    Run,
    /// `cutover` and `fallback` are refused.
    Cutover,
}

impl Bars {
    fn text(self, is_check: bool) -> &'static str {
        match (self, is_check) {
            (Self::Nothing, false) => "–",
            (Self::Run, false) => "run",
            (Self::Run, true) => "run, cutover",
            (Self::Nothing, true) | (Self::Cutover, _) => "cutover",
        }
    }
}

/// One code.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// Kebab-case; ends with `-*` where one code stands for each kind of object.
    pub name: &'static str,
    pub meaning: &'static str,
    pub bars: Bars,
    /// The source alone decides it: it can be told before there is a target.
    pub is_of_source: bool,
    /// It matters only where changes are followed, and sent back after a cutover.
    pub is_of_stream: bool,
    /// A check of a cutover has this name too, and asks the same of that moment.
    pub is_check: bool,
}

impl Code {
    const fn of_source(self) -> Self {
        Self {
            is_of_source: true,
            ..self
        }
    }

    const fn of_stream(self) -> Self {
        Self {
            is_of_stream: true,
            ..self
        }
    }

    const fn and_check(self) -> Self {
        Self {
            is_check: true,
            ..self
        }
    }
}

/// Codes that one feature finds, in the order of their names.
#[derive(Debug)]
pub struct Group {
    /// The commands that show them.
    pub title: &'static str,
    pub codes: &'static [Code],
}

const fn code(name: &'static str, bars: Bars, meaning: &'static str) -> Code {
    Code {
        name,
        meaning,
        bars,
        is_of_source: false,
        is_of_stream: false,
        is_check: false,
    }
}

use Bars::{Cutover, Nothing, Run};

/// A row a line, so that it reads as the table that it is.
#[rustfmt::skip]
pub const GROUPS: &[Group] = &[
    Group {
        title: "`assess`: servers and settings",
        codes: &[
            code("collation", Nothing, "The default collations of both databases differ."),
            code("collation-versions", Nothing, "Indexes were built with another version of a collation than the server has now.").of_source(),
            code("collations-missing", Run, "The target lacks a collation that a column uses."),
            code("connections", Run, "A server has too few free connections.").and_check(),
            code("encoding", Nothing, "The encodings of both databases differ."),
            code("fail-over", Nothing, "A fail-over of the source would cost the slot, or changes that only the target has.").of_source().of_stream(),
            code("fallback", Nothing, "A requirement of the fallback is not met; the cutover asks for it.").of_stream(),
            code("lock-table", Run, "A server's lock table is too small for the selected tables.").of_source(),
            code("minor-version", Nothing, "A server runs a minor version with a known defect that concerns a migration."),
            code("output-plugin", Run, "The source cannot decode its WAL with pgoutput.").of_source().of_stream(),
            code("parameters", Nothing, "A parameter that changes results differs between the two servers."),
            code("platform", Nothing, "Which service an end belongs to, and what that service does by itself."),
            code("replication-slots", Run, "The server has no free replication slot.").of_source().of_stream(),
            code("same-database", Run, "Source and target are one database."),
            code("schema-tools", Run, "pg_dump or pg_restore is missing or too old for the servers."),
            code("server-version", Run, "A server's version is not supported."),
            code("slot-retention", Nothing, "The source limits the WAL that a slot may keep.").of_source().of_stream(),
            code("source-identity", Run, "The source is not the server that the migration began with.").of_source(),
            code("standby", Run, "A server is in recovery."),
            code("synchronous-standbys", Nothing, "synchronous_standby_names holds *, which takes the migration's stream for a standby.").of_source().of_stream(),
            code("target-older", Nothing, "The target has an older major version than the source."),
            code("wal-level", Run, "The server's wal_level is not logical.").of_source().of_stream(),
            code("wal-senders", Run, "The server has no free WAL sender.").of_source().of_stream(),
        ],
    },
    Group {
        title: "`assess`: rights",
        codes: &[
            code("logins", Nothing, "A login of the source would not work on the target: its role, a right or a setting is missing.").and_check(),
            code("publication-right", Run, "The role may not create a publication.").of_source().of_stream(),
            code("replica-role", Nothing, "The role may not set session_replication_role on the target; triggers are disabled instead."),
            code("replication-right", Run, "The role may not replicate.").of_source().of_stream(),
            code("roles-missing", Nothing, "Roles with objects or grants are missing on the target."),
            code("row-security", Run, "A policy hides rows of selected tables from the role."),
            code("signal-backend", Nothing, "The role may not end other roles' sessions at the cutover.").of_source().of_stream(),
            code("table-ownership", Run, "The role is not a member of the owner of a selected table.").of_source().of_stream(),
            code("table-reading", Run, "The role may not read a selected table.").of_source(),
            code("target-create", Run, "The role may not create schemas on the target."),
        ],
    },
    Group {
        title: "`assess`: objects and activity",
        codes: &[
            code("cron-jobs", Nothing, "Jobs of pg_cron are not restored."),
            code("database-comment", Nothing, "The comment of the database is not on the target."),
            code("database-privileges", Nothing, "Privileges on the database differ."),
            code("database-settings", Nothing, "A setting of the database is not on the target."),
            code("deferrable-identity", Nothing, "A table's only key is deferrable, so its replica identity is set to full.").of_source().of_stream(),
            code("event-triggers", Nothing, "Event triggers of the source are not restored.").of_source(),
            code("extension-rows", Nothing, "Rows that an extension keeps could not be carried."),
            code("extension-tables", Nothing, "Tables of an extension hold rows that are not moved.").of_source(),
            code("extension-versions", Nothing, "An extension has another version on the target."),
            code("extensions", Run, "The target cannot create an extension."),
            code("firing-triggers", Nothing, "A trigger fires for applied changes (ENABLE ALWAYS or REPLICA).").of_source(),
            code("foreign-keys-off", Nothing, "A foreign key is marked as valid, and its triggers are disabled on the source.").of_source(),
            code("foreign-tables", Nothing, "Foreign tables are not moved.").of_source(),
            code("generated-column-fallback", Nothing, "A table without a usable key has a generated column, and the target is of version 18 or later: no fallback.").of_source().of_stream(),
            code("generated-column-identity", Run, "A table without a usable key has a generated column, and the source is of version 18 or later.").of_source().of_stream(),
            code("generated-identity", Nothing, "A key contains a generated column, so the replica identity is set to full.").of_source().of_stream(),
            code("inheritance", Nothing, "Tables that inherit are moved one by one.").of_source(),
            code("inherited-not-null", Nothing, "A column takes NULL although the table that it inherits from does not.").of_source(),
            code("large-objects", Run, "Large objects cannot be read or described.").of_source(),
            code("large-objects-on-target", Run, "The target has large objects already."),
            code("leftovers", Nothing, "Slots or publications of other migrations are on the source.").of_source(),
            code("long-transactions", Nothing, "A transaction of the source has been writing for long: the slot waits for its end, and so would a fence.").of_source().of_stream().and_check(),
            code("materialized-views", Nothing, "Materialized views are refreshed on the target.").of_source(),
            code("name-columns", Nothing, "A column holds OIDs or names of objects, which may mean others on the target.").of_source(),
            code("other-migration", Run, "The target holds the state of another migration."),
            code("other-slots", Nothing, "Another consumer has a slot on the source, and none on the target."),
            code("prepared-transactions", Run, "Prepared transactions of the source are not finished.").of_source().of_stream().and_check(),
            code("publications", Nothing, "Publications of the source are not restored."),
            code("release-changes", Nothing, "The text of a function names what a version between both servers took away."),
            code("replica-identity", Nothing, "A table has no usable key, so changed rows are found by all their values.").of_source().of_stream(),
            code("scattered-partitions", Run, "A tree is partitioned by a hash that differs between servers and cannot be moved as a whole.").of_source(),
            code("schema-public", Nothing, "Schema public has another owner on the source."),
            code("security-labels", Nothing, "Security labels are not restored."),
            code("selection-needs", Run, "A selected object needs one that is not selected or not on the target.").of_source(),
            code("selection-unmatched", Run, "A pattern of the selection matches nothing.").of_source(),
            code("sequences", Run, "A sequence cannot be read on the source, or set on the target.").of_source().and_check(),
            code("source-event-triggers", Nothing, "Event triggers of the source fire for what the migration does there.").of_source(),
            code("subscriptions", Nothing, "Subscriptions feed the source; the target does not have them.").of_source().and_check(),
            code("target-event-triggers", Nothing, "Event triggers of the target fire for what the migration makes there."),
            code("target-not-empty", Run, "The target has objects that the migration would create."),
            code("trial-restore", Run, "The schema could not be tried on the target, or not all of it."),
            code("unlogged-tables", Nothing, "Unlogged tables are loaded, and never followed.").of_source(),
            code("user-mappings", Nothing, "Options of a user mapping are hidden from the role, and are not restored.").of_source(),
            code("wide-rows", Nothing, "A row takes more as text than a server can print: the stream cannot carry a change that writes it.").of_source().of_stream(),
        ],
    },
    Group {
        title: "`run`: schema and load",
        codes: &[
            code("build-failed", Cutover, "An index, constraint or other object could not be built."),
            code("check-not-validated", Nothing, "A check that is inherited, and validated on the source, was not validated on the target."),
            code("client-programs-outdated", Nothing, "pg_dump or pg_restore is older than the newest minor version."),
            code("definition-refused", Run, "The target refuses a definition: found by the trial restore, or by the run."),
            code("grant-not-applied", Nothing, "A grant was not applied on the target."),
            code("large-object-grant", Nothing, "A role that holds grants on large objects is missing on the target."),
            code("large-object-owner", Nothing, "The owner of large objects is missing on the target, or not ours to use."),
            code("left-out", Nothing, "An object is left out as the operator says, with what needs it."),
            code("owner-not-set", Nothing, "An owner was not set on the target."),
            code("rows-refused", Run, "The target refuses rows of a table for a function that it evaluates, or an index or view made of them."),
            code("snapshot-age", Nothing, "The load has held its snapshot on the source for long, so that vacuum keeps dead rows."),
            code("table-add-incomplete", Nothing, "A table was added, and something that belongs to it was not."),
            code("table-load-failed", Nothing, "A table could not be loaded and is suspended."),
            code("table-not-added", Nothing, "A table that was to be added was given up."),
            code("table-type-altered", Nothing, "A type was altered before its table was copied: the table waits, and is loaded anew by itself."),
        ],
    },
    Group {
        title: "`run`: following",
        codes: &[
            code("changes-stored", Nothing, "Changes were stored in `transhume.exception` instead of being applied."),
            code("login-refused", Nothing, "A server that let the migration in before refuses new logins; they are tried again."),
            code("run-stopped", Cutover, "The last run stopped with an error, and none has gone on since."),
            code("schema-change", Cutover, "The schemas of both sides differ since a change on one of them."),
            code("schema-change-refused", Nothing, "The target refused an object that follows the source's; it is to be made there by hand."),
            code("schema-changes", Nothing, "Changes of the source's schema can be neither replicated nor refused there: they hold the stream."),
            code("schema-drift", Cutover, "Apply waits before a change that does not fit the target's schema."),
            code("slot-catalog-horizon", Nothing, "The slot keeps old catalog rows on the source."),
            code("slot-dropped", Cutover, "The slot was dropped before the source's disk was full; the migration cannot go on."),
            code("slot-unusable", Cutover, "The slot is gone, lost WAL, or was moved: what comes after the applied LSN will not be sent."),
            code("source-changed", Cutover, "Another server answers as the source, or one that was promoted without what the migration needs."),
            code("table-not-migrated", Nothing, "The source has a table that the selection would take and the migration does not have."),
            code("table-suspended", Cutover, "A table's changes are skipped until it is loaded again."),
            code("wal-retention", Nothing, "The slot keeps more than half of the WAL that it may."),
        ],
    },
    Group {
        title: "`verify`",
        codes: &[
            code("broken-foreign-key", Cutover, "Rows break a foreign key that is marked as valid."),
            code("broken-unique-constraint", Cutover, "Rows break a unique constraint."),
            code("different-*", Cutover, "An object differs, by kind: `different-table`, `different-index` …"),
            code("findings-cut", Nothing, "More findings than are kept; the first ones are."),
            code("missing-*", Cutover, "An object is missing on the receiving side, by kind."),
            code("no-statistics", Nothing, "Tables have no statistics on the receiving side."),
            code("not-compared", Nothing, "Something was not compared, and why."),
            code("not-repaired", Nothing, "The receiving side refused the rows that `verify --repair` would write."),
            code("sequence-ahead", Nothing, "A sequence is ahead on the receiving side."),
            code("sequence-behind", Cutover, "A sequence is behind on the receiving side and would give out values twice."),
            code("stale-materialized-view", Nothing, "A materialized view shows other rows on the receiving side."),
            code("surplus-*", Cutover, "An object exists on the receiving side only, by kind."),
        ],
    },
    Group {
        title: "`cutover` and `fallback`",
        codes: &[
            code("after-opening", Nothing, "A step after the opening failed; the application lives on the new side."),
            code("clients-held", Nothing, "Clients of PgBouncer are still held."),
            code("follower-failed", Nothing, "The follower that a cutover starts by itself ended."),
            code("hook-failed", Nothing, "A hook failed."),
            code("large-objects-not-compared-again", Nothing, "Large objects were not compared within the write pause."),
            code("late-changes", Nothing, "Changes were committed on the closed side after the fence."),
            code("late-changes-unknown", Nothing, "Whether changes were committed after the fence is not known."),
            code("not-read-only", Nothing, "New sessions of the closed side could not be made read-only."),
            code("not-written-back", Nothing, "A table's changes are not sent back by the reverse stream."),
            code("sequence-near-end", Nothing, "A sequence has so few values left that it was set without the margin."),
            code("sessions-left", Nothing, "Sessions on the closed side could not be ended."),
            code("trial-login", Nothing, "A trial login through PgBouncer's new entry says nothing about its clients."),
        ],
    },
    Group {
        title: "`review`",
        codes: &[
            code("extension-version", Nothing, "An extension has another version than on the source, or than its server offers."),
            code("index-unused", Nothing, "The source used an index that the target never uses, while it reads the whole table."),
            code("old-server", Nothing, "Somebody or something still works on the old server, or keeps WAL there."),
            code("queries-not-compared", Nothing, "A server counts no statements, or hides them from the role."),
            code("query-slower", Nothing, "A statement takes longer on the target than it took on the source."),
        ],
    },
];

/// The checks of a cutover that are findings under names of their own where they fail; others share the code of what is assessed
/// ([`Code::and_check`]).
#[rustfmt::skip]
const CHECKS: Group = Group {
    title: "Checks of `cutover` and `fallback`",
    codes: &[
        code("application", Cutover, "PgBouncer or a hook could not take part."),
        code("builds", Cutover, "Indexes or constraints are still to be built."),
        code("deviations", Cutover, "Something that the migration made on a server is in an unknown state."),
        code("exceptions", Cutover, "Changes were not applied and are stored in `transhume.exception`."),
        code("fence", Cutover, "The fence would not hold every writer."),
        code("findings", Cutover, "A blocker stands."),
        code("lag", Cutover, "The receiving side is too far behind."),
        code("runner", Cutover, "The last run stopped: nobody applies."),
        code("schema", Cutover, "Definitions, owners or grants differ between both sides."),
        code("tables", Cutover, "A table is not loaded, or suspended."),
        code("validity", Cutover, "A constraint or index is not valid."),
        code("verification", Cutover, "No complete verification is recent enough."),
        code("way-back", Cutover, "The fallback could not be prepared."),
    ],
};

/// The code of that name, or of its family.
pub fn find(name: &str) -> Option<&'static Code> {
    all().find(|known| match known.name.strip_suffix('*') {
        Some(family) => name.len() > family.len() && name.starts_with(family),
        None => known.name == name,
    })
}

fn all() -> impl Iterator<Item = &'static Code> {
    GROUPS.iter().chain([&CHECKS]).flat_map(|group| group.codes)
}

/// The reference page, as Markdown.
pub fn page() -> String {
    let mut page = String::from(
        "# Findings\n\nMade from `crates/core/src/finding/codes.rs`; a test holds this page to it. Each finding has a code, a \
         severity (blocker, warning, pass), the object, the evidence, and a remedy: the statement or command to run. *Bars* says \
         what a blocker with the code stands in the way of. Codes are stable; messages may change.\n",
    );
    for group in GROUPS.iter().chain([&CHECKS]) {
        write!(
            page,
            "\n## {}\n\n| code | means | bars |\n|---|---|---|\n",
            group.title
        )
        .expect("text grows");
        for code in group.codes {
            writeln!(
                page,
                "| `{}` | {} | {} |",
                code.name,
                code.meaning,
                code.bars.text(code.is_check)
            )
            .expect("text grows");
        }
    }
    let shared: Vec<String> = all()
        .filter(|code| code.is_check)
        .map(|code| format!("`{}`", code.name))
        .collect();
    writeln!(page, "\nChecks too, as above: {}.", shared.join(", ")).expect("text grows");
    page
}

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path};

    use super::*;

    #[test]
    fn codes_are_kebab_case_and_in_order() {
        for group in GROUPS.iter().chain([&CHECKS]) {
            assert!(group.codes.is_sorted_by_key(|code| code.name), "{}", group.title);
            for code in group.codes {
                let is_word = |text: &str| {
                    text.chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-*".contains(c))
                };
                assert!(is_word(code.name), "{}", code.name);
                assert!(code.meaning.ends_with(['.', '…']), "{}", code.meaning);
            }
        }
    }

    #[test]
    fn a_code_stands_once() {
        let mut names: Vec<&str> = all().map(|code| code.name).collect();
        names.sort_unstable();
        let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn a_family_needs_a_kind() {
        assert!(find("different-index").is_some());
        assert!(find("different-").is_none());
        assert!(find("diferent-index").is_none());
    }

    /// `TRANSHUME_WRITE_PAGES=1` writes the page instead.
    #[test]
    fn the_reference_page_is_made_from_this_list() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/findings.md");
        if env::var_os("TRANSHUME_WRITE_PAGES").is_some() {
            fs::write(&path, page()).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page(),
            "write it anew: TRANSHUME_WRITE_PAGES=1 cargo test -p transhume-core reference_page"
        );
    }
}
