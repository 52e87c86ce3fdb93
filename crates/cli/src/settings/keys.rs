//! Every key of the configuration, defined once.

use transhume_engine::cutover::application::Moment;

use super::{
    Config,
    locate::{Bad, Located},
};

/// One key: what it means for people and where its value goes.
pub(super) struct Key<Settings = Config> {
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    /// What it means; the comment in the written file.
    pub(super) about: &'static str,
    /// The default, or an example where there is none, as TOML.
    pub(super) example: &'static str,
    pub(super) flag: &'static str,
    /// What a value looks like, for the hint of a wrong one.
    pub(super) form: &'static str,
    pub(super) set: fn(&mut Settings, &Located<'_>) -> Result<(), Bad>,
}

pub(super) const URL: &str = "a connection string in quotes, such as \"postgresql://user@host:5432/dbname\"";
pub(super) const PATTERNS: &str = "a list of patterns, such as [\"shop\", \"public.order*\"]";
const NUMBER: &str = "a whole number without quotes, such as 8";
const SIZE: &str = "a size in quotes, such as \"512MB\"";
const DURATION: &str = "a duration in quotes, such as \"5s\"";

/// In the order of the written file; keys of a section are together.
pub(super) const KEYS: &[Key] = &[
    Key {
        section: "source",
        name: "url",
        about: "The database to migrate: a URI or a keyword string, as libpq reads it.\n\
                Leave the password to PGPASSFILE or ~/.pgpass, or take it from the environment: ${NAME}.",
        example: "\"postgresql://migrator:${SOURCE_PASSWORD}@old.example.com:5432/shop\"",
        flag: "--source",
        form: URL,
        set: |config, value| value.url().map(|url| config.source = Some(url)),
    },
    Key {
        section: "target",
        name: "url",
        about: "The database to migrate to. It must exist and be empty.",
        example: "\"postgresql://migrator:${TARGET_PASSWORD}@new.example.com:5432/shop?sslmode=verify-full\"",
        flag: "--target",
        form: URL,
        set: |config, value| value.url().map(|url| config.target = Some(url)),
    },
    Key {
        section: "selection",
        name: "include",
        about: "Schemas and tables to take, `schema` or `schema.table` with * and ?. Empty: everything.",
        example: "[]",
        flag: "--include",
        form: PATTERNS,
        set: |config, value| value.patterns().map(|patterns| config.include = Some(patterns)),
    },
    Key {
        section: "selection",
        name: "exclude",
        about: "Schemas and tables to leave; wins over include.",
        example: "[]",
        flag: "--exclude",
        form: PATTERNS,
        set: |config, value| value.patterns().map(|patterns| config.exclude = Some(patterns)),
    },
    Key {
        section: "load",
        name: "loaders",
        about: "Tables, or parts of tables, that one process copies at once.\n\
                Not set: decided from the free connections and the target's cores.",
        example: "4",
        flag: "--loaders",
        form: NUMBER,
        set: |config, value| value.count().map(|count| config.loaders = Some(count)),
    },
    Key {
        section: "load",
        name: "builders",
        about: "Indexes and constraints that one process builds at once.\n\
                Not set: decided from the free connections and the target's cores.",
        example: "4",
        flag: "--builders",
        form: NUMBER,
        set: |config, value| value.count().map(|count| config.builders = Some(count)),
    },
    Key {
        section: "load",
        name: "part_size",
        about: "Tables larger than this are copied in parts of about this size.\n\
                Not set: tables above 1GB are, in parts of 32MB to 256MB, so that every loader gets several.",
        example: "\"256MB\"",
        flag: "--part-size",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.part_size = Some(size)),
    },
    Key {
        section: "load",
        name: "rate_limit",
        about: "Upper limit for reading from the source in a second, over all loaders of one process.\n\
                Not set: no limit.",
        example: "\"50MB\"",
        flag: "--rate-limit",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.rate_limit = Some(size)),
    },
    Key {
        section: "load",
        name: "snapshot_age_warning",
        about: "From this age on, the snapshot that the load holds on the source is a warning:\n\
                as long as it is held, vacuum keeps there what the application deletes and replaces.",
        example: "\"6h\"",
        flag: "--snapshot-age-warning",
        form: DURATION,
        set: |config, value| {
            value
                .duration()
                .map(|span| config.snapshot_age_warning = Some(span))
        },
    },
    Key {
        section: "follow",
        name: "on_data_error",
        about: "What to do where the target refuses a value (out of range, malformed, null, against a check).\n\
                \"stop\": end before its transaction. \"log\": store the whole change in transhume.exception and go on.\n\
                \"suspend\": skip the table from then on. The cutover is barred until what was skipped is dealt with.",
        example: "\"stop\"",
        flag: "--on-data-error",
        form: "\"stop\", \"log\" or \"suspend\"",
        set: |config, value| value.word().map(|action| config.on_data_error = Some(action)),
    },
    Key {
        section: "follow",
        name: "on_conflict",
        about: "The same where a row is missing on the target, is there already, or breaks a constraint among rows.",
        example: "\"stop\"",
        flag: "--on-conflict",
        form: "\"stop\", \"log\" or \"suspend\"",
        set: |config, value| value.word().map(|action| config.on_conflict = Some(action)),
    },
    Key {
        section: "follow",
        name: "on_table_error",
        about: "The same where the table is what does not let it: rights, another definition, no identity.",
        example: "\"stop\"",
        flag: "--on-table-error",
        form: "\"stop\", \"log\" or \"suspend\"",
        set: |config, value| value.word().map(|action| config.on_table_error = Some(action)),
    },
    Key {
        section: "follow",
        name: "carry_over",
        about: "Changes of the source's schema that are brought to the target without asking, and recorded in the history:\n\
                \"enum-labels\", \"nullable-columns\" (without a default) and \"partitions\" of tables that are followed.\n\
                Everything else holds the stream with the statement to run. []: nothing is carried over.",
        example: "[\"enum-labels\", \"nullable-columns\", \"partitions\"]",
        flag: "--carry-over",
        form: "a list of words, such as [\"enum-labels\", \"partitions\"]",
        set: |config, value| value.words().map(|words| config.carry_over = Some(words)),
    },
    Key {
        section: "follow",
        name: "wal_budget",
        about: "WAL that the slot may keep on the source, beside the server's own limit (max_slot_wal_keep_size).\n\
                A warning comes at half of the nearer one. Not set: the server's limit alone.",
        example: "\"200GB\"",
        flag: "--wal-budget",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.wal_budget = Some(size)),
    },
    Key {
        section: "follow",
        name: "wal_action",
        about: "What to do before the slot keeps too much. \"warn\": say so. \"suspend\": at 80 % of the limit, set the\n\
                table aside that the stream stands still for. \"drop-slot\": that too, and at the whole of wal_budget drop\n\
                the slot, which ends the migration and saves the source's disk.",
        example: "\"warn\"",
        flag: "--wal-action",
        form: "\"warn\", \"suspend\" or \"drop-slot\"",
        set: |config, value| value.word().map(|action| config.wal_action = Some(action)),
    },
    Key {
        section: "follow",
        name: "spill_directory",
        about: "Where large transactions wait that the source sends before their commit (PostgreSQL 14 and later).\n\
                Their files have no name and are gone with the process. Not set: the system's temporary directory.",
        example: "\"/var/tmp\"",
        flag: "--spill-directory",
        form: "a directory in quotes, such as \"/var/tmp\"",
        set: |config, value| {
            value
                .text()
                .map(|text| config.spill_directory = Some(text.into()))
        },
    },
    Key {
        section: "follow",
        name: "spill_limit",
        about: "How much of them may wait there. Where they are larger, or the disk is full, the source keeps large\n\
                transactions until their commit, which then takes longer to reach the target. \"0B\": it always does.",
        example: "\"1GB\"",
        flag: "--spill-limit",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.spill_limit = Some(size)),
    },
    Key {
        section: "follow",
        name: "early_from",
        about: "A transaction of this size is written to the target before its commit, in a transaction of its own that is\n\
                committed at its turn; so the commit soon shows there. Whoever waits for a lock of it is let through within\n\
                seconds, and it is then written at its commit. \"0B\": all are written at their commit.",
        example: "\"8MB\"",
        flag: "--early-from",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.early_from = Some(size)),
    },
    Key {
        section: "schema",
        name: "programs",
        about: "Directory with pg_dump and pg_restore, of a major version not older than both servers'.\n\
                Not set: they are looked for.",
        example: "\"/usr/lib/postgresql/17/bin\"",
        flag: "--programs",
        form: "a directory in quotes, such as \"/usr/lib/postgresql/17/bin\"",
        set: |config, value| value.text().map(|text| config.programs = Some(text.into())),
    },
    Key {
        section: "verify",
        name: "comparers",
        about: "Tables compared at once; each takes a session on both sides.",
        example: "2",
        flag: "--comparers",
        form: NUMBER,
        set: |config, value| value.count().map(|count| config.comparers = Some(count)),
    },
    Key {
        section: "verify",
        name: "rate_limit",
        about: "Upper limit for reading from each side in a second, over all comparers of one process.\n\
                Not set: no limit.",
        example: "\"50MB\"",
        flag: "--rate-limit",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.compared_rate_limit = Some(size)),
    },
    Key {
        section: "verify",
        name: "hold_timeout",
        about: "How long apply is held at most for the source to give a consistent point.\n\
                Where it takes longer, apply goes on, and it is tried again once the transactions in the way have ended.",
        example: "\"10s\"",
        flag: "--hold-timeout",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.hold_timeout = Some(span)),
    },
    Key {
        section: "verify",
        name: "rows",
        about: "Rows that differ are named up to this many for each table, and repaired; all are counted.",
        example: "100",
        flag: "--rows",
        form: NUMBER,
        set: |config, value| value.count().map(|count| config.named_rows = Some(count)),
    },
    Key {
        section: "cutover",
        name: "max_lag",
        about: "The cutover is refused while the target is further behind than this.",
        example: "\"16MB\"",
        flag: "--max-lag",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.max_lag = Some(size)),
    },
    Key {
        section: "cutover",
        name: "lock_timeout",
        about: "How long one try of the fence may wait for the source's running transactions.\n\
                Writers wait behind it for as long.",
        example: "\"200ms\"",
        flag: "--lock-timeout",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.lock_timeout = Some(span)),
    },
    Key {
        section: "cutover",
        name: "attempts",
        about: "How often the fence is tried before the cutover gives up and follows on.",
        example: "20",
        flag: "--attempts",
        form: NUMBER,
        set: |config, value| value.number_of().map(|number| config.attempts = Some(number)),
    },
    Key {
        section: "cutover",
        name: "drain_timeout",
        about: "How long the target may take to reach the fence before the cutover is undone.",
        example: "\"10s\"",
        flag: "--drain-timeout",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.drain_timeout = Some(span)),
    },
    Key {
        section: "cutover",
        name: "sequence_margin",
        about: "Increments that each sequence is set ahead of the source's value.",
        example: "32",
        flag: "--sequence-margin",
        form: NUMBER,
        set: |config, value| {
            value
                .number_of()
                .map(|number| config.sequence_margin = Some(number))
        },
    },
    Key {
        section: "cutover",
        name: "verified_within",
        about: "The cutover asks for a verification that found both sides equal and is not older.\n\
                \"0s\": it does not ask.",
        example: "\"24h\"",
        flag: "--verified-within",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.verified_within = Some(span)),
    },
    Key {
        section: "cutover.pgbouncer",
        name: "admin",
        about: "PgBouncer's admin console. With it a cutover holds the clients, points the entry to the target, and lets\n\
                them go on: none of them fails. The password as for [source].",
        example: "\"postgresql://admin@localhost:6432/pgbouncer\"",
        flag: "--pgbouncer-admin",
        form: URL,
        set: |config, value| value.url().map(|url| config.application.admin = Some(url)),
    },
    Key {
        section: "cutover.pgbouncer",
        name: "file",
        about: "PgBouncer's file with the section [databases], on this machine. Only the entry of this database is changed.",
        example: "\"/etc/pgbouncer/pgbouncer.ini\"",
        flag: "--pgbouncer-file",
        form: "a file in quotes, such as \"/etc/pgbouncer/pgbouncer.ini\"",
        set: |config, value| {
            value
                .text()
                .map(|text| config.application.file = Some(text.into()))
        },
    },
    Key {
        section: "cutover.pgbouncer",
        name: "database",
        about: "Name of the entry. Not set: the source's database.",
        example: "\"shop\"",
        flag: "--pgbouncer-database",
        form: "a name in quotes, such as \"shop\"",
        set: |config, value| value.text().map(|text| config.application.database = Some(text)),
    },
    Key {
        section: "cutover.pgbouncer",
        name: "entry",
        about: "The entry's whole new right-hand side. Not set: as before, with the target's host, port and database.",
        example: "\"host=new.example.com port=5432 dbname=shop pool_size=40\"",
        flag: "--pgbouncer-entry",
        form: "the right-hand side in quotes, such as \"host=new.example.com dbname=shop\"",
        set: |config, value| value.url().map(|text| config.application.entry = Some(text)),
    },
    Key {
        section: "cutover.pgbouncer",
        name: "timeout",
        about: "How long running transactions may take to end once new ones wait; then the clients go on, and it is tried again.",
        example: "\"1s\"",
        flag: "--pgbouncer-timeout",
        form: DURATION,
        set: |config, value| {
            value
                .duration()
                .map(|span| config.application.timeout = Some(span))
        },
    },
    Key {
        section: "cutover.hooks",
        name: "before_fence",
        about: "Each hook is a command for the shell, or an address that gets a POST. Both are told the same: TRANSHUME_MOMENT,\n\
                _MIGRATION, _SOURCE_HOST, _SOURCE_PORT, _SOURCE_DATABASE, _TARGET_…, _FENCE_LSN and _REHEARSAL (yes or no) in\n\
                the environment, or the same as JSON (on stdin for a command).\n\
                When all is prepared and nothing is locked yet. A failure up to drained undoes the cutover.",
        example: "\"/usr/local/bin/say maintenance\"",
        flag: "--hook-before-fence",
        form: "a command or an http(s) address in quotes",
        set: |config, value| {
            value
                .text()
                .map(|action| drop(config.application.hooks.insert(Moment::BeforeFence, action)))
        },
    },
    Key {
        section: "cutover.hooks",
        name: "fenced",
        about: "When nobody can write on the source.",
        example: "\"/usr/local/bin/say fenced\"",
        flag: "--hook-fenced",
        form: "a command or an http(s) address in quotes",
        set: |config, value| {
            value
                .text()
                .map(|action| drop(config.application.hooks.insert(Moment::Fenced, action)))
        },
    },
    Key {
        section: "cutover.hooks",
        name: "drained",
        about: "When the target has all that the source has.",
        example: "\"/usr/local/bin/say drained\"",
        flag: "--hook-drained",
        form: "a command or an http(s) address in quotes",
        set: |config, value| {
            value
                .text()
                .map(|action| drop(config.application.hooks.insert(Moment::Drained, action)))
        },
    },
    Key {
        section: "cutover.hooks",
        name: "opened",
        about: "When the application lives on the target. A failure is a finding.",
        example: "\"https://deploy.example.com/moved\"",
        flag: "--hook-opened",
        form: "a command or an http(s) address in quotes",
        set: |config, value| {
            value
                .text()
                .map(|action| drop(config.application.hooks.insert(Moment::Opened, action)))
        },
    },
    Key {
        section: "cutover.hooks",
        name: "undone",
        about: "When the cutover was undone. A failure is a finding.",
        example: "\"/usr/local/bin/say undone\"",
        flag: "--hook-undone",
        form: "a command or an http(s) address in quotes",
        set: |config, value| {
            value
                .text()
                .map(|action| drop(config.application.hooks.insert(Moment::Undone, action)))
        },
    },
    Key {
        section: "cutover.hooks",
        name: "timeout",
        about: "How long each hook may take.",
        example: "\"5s\"",
        flag: "--hook-timeout",
        form: DURATION,
        set: |config, value| {
            value
                .duration()
                .map(|span| config.application.hook_timeout = Some(span))
        },
    },
];
