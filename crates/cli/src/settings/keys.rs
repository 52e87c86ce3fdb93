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
    /// What it is, in one line: the first of the flag's help.
    pub(super) brief: &'static str,
    /// What else there is to know; empty where nothing is.
    pub(super) details: &'static str,
    /// What holds where nothing is set, in words; empty where something must be.
    pub(super) default: &'static str,
    /// The default, or an example where there is none, as TOML.
    pub(super) example: &'static str,
    /// Empty where the file alone can say it.
    pub(super) flag: &'static str,
    /// What a value looks like, for the hint of a wrong one.
    pub(super) form: &'static str,
    pub(super) set: fn(&mut Settings, &Located<'_>) -> Result<(), Bad>,
}

impl<Settings> Key<Settings> {
    /// The environment variable: that of `--part-size` is TRANSHUME_PART_SIZE.
    pub(super) fn environment(&self) -> String {
        let name = self.flag.trim_start_matches('-').replace('-', "_");
        format!("TRANSHUME_{}", name.to_uppercase())
    }
}

pub(super) const URL: &str = "a connection string in quotes, such as \"postgresql://user@host:5432/dbname\"";
pub(super) const PATTERNS: &str = "a list of patterns, such as [\"shop\", \"public.order*\"]";
const NUMBER: &str = "a whole number without quotes, such as 8";
const SIZE: &str = "a size in quotes, such as \"512MB\"";
pub(super) const DURATION: &str = "a duration in quotes, such as \"5s\"";

pub(super) const COMMAND: &str =
    "a program and its arguments in quotes, such as \"vault kv get -field=password secret/shop\"";
const PASSWORD_COMMAND: &str = "\
Run without a shell (write sh -c '…' for one), with PGHOST, PGPORT, PGUSER and PGDATABASE. It prints one line, which is shown\n\
nowhere and kept in memory until a server refuses it; then it is run again. It goes before a password from elsewhere.";

/// In the order of the written file; keys of a section are together.
pub(super) const KEYS: &[Key] = &[
    Key {
        section: "source",
        name: "url",
        brief: "The database to migrate",
        details: "A URI or a keyword string, as libpq reads it; PG* variables and the password file apply.\n\
                Leave the password to PGPASSFILE or ~/.pgpass, or take it from the environment: ${NAME}.",
        default: "",
        example: "\"postgresql://migrator:${SOURCE_PASSWORD}@old.example.com:5432/shop\"",
        flag: "--source",
        form: URL,
        set: |config, value| value.url().map(|url| config.source = Some(url)),
    },
    Key {
        section: "source",
        name: "password_command",
        brief: "A program that prints the source's password, such as a token of a cloud or a secret store",
        details: PASSWORD_COMMAND,
        default: "",
        example: "\"aws rds generate-db-auth-token --hostname old.example.com --port 5432 --username transhume\"",
        flag: "--source-password-command",
        form: COMMAND,
        set: |config, value| {
            value
                .command()
                .map(|command| config.source_password_command = Some(command))
        },
    },
    Key {
        section: "target",
        name: "url",
        brief: "The database to migrate to",
        details: "It must exist and be empty.",
        default: "",
        example: "\"postgresql://migrator:${TARGET_PASSWORD}@new.example.com:5432/shop?sslmode=verify-full\"",
        flag: "--target",
        form: URL,
        set: |config, value| value.url().map(|url| config.target = Some(url)),
    },
    Key {
        section: "target",
        name: "password_command",
        brief: "The same for the target",
        details: "",
        default: "",
        example: "\"az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv\"",
        flag: "--target-password-command",
        form: COMMAND,
        set: |config, value| {
            value
                .command()
                .map(|command| config.target_password_command = Some(command))
        },
    },
    Key {
        section: "selection",
        name: "include",
        brief: "Schemas and tables to take, such as shop or public.order*",
        details: "`schema` or `schema.table` with * and ?.",
        default: "everything",
        example: "[]",
        flag: "--include",
        form: PATTERNS,
        set: |config, value| value.patterns().map(|patterns| config.include = Some(patterns)),
    },
    Key {
        section: "selection",
        name: "exclude",
        brief: "Schemas and tables to leave; wins over include",
        details: "",
        default: "nothing",
        example: "[]",
        flag: "--exclude",
        form: PATTERNS,
        set: |config, value| value.patterns().map(|patterns| config.exclude = Some(patterns)),
    },
    Key {
        section: "selection",
        name: "leave_out",
        brief: "Objects that are not made on the target, such as 'function shop.f(integer)' or 'extension amcheck'",
        details: "As assess names them; what needs them is left out too. \"refused\": whatever the target refuses and no\n\
                selected table needs. Each is a finding.",
        default: "nothing",
        example: "[]",
        flag: "--leave-out",
        form: "\"refused\", or a list of objects, such as [\"extension amcheck\"]",
        set: |config, value| value.objects().map(|objects| config.leave_out = Some(objects)),
    },
    Key {
        section: "load",
        name: "loaders",
        brief: "Tables, or parts of tables, that one process copies at once",
        details: "",
        default: "4, fewer where connections are scarce",
        example: "4",
        flag: "--loaders",
        form: NUMBER,
        set: |config, value| value.count().map(|count| config.loaders = Some(count)),
    },
    Key {
        section: "load",
        name: "builders",
        brief: "Indexes and constraints that one process builds at once",
        details: "",
        default: "half as many as loaders",
        example: "4",
        flag: "--builders",
        form: NUMBER,
        set: |config, value| value.count().map(|count| config.builders = Some(count)),
    },
    Key {
        section: "load",
        name: "part_size",
        brief: "Tables larger than this are copied in parts of about this size",
        details: "",
        default: "tables above 1GB, in parts of 32MB to 256MB",
        example: "\"256MB\"",
        flag: "--part-size",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.part_size = Some(size)),
    },
    Key {
        section: "load",
        name: "rate_limit",
        brief: "Upper limit for reading from the source in a second",
        details: "Over all loaders of one process.",
        default: "no limit",
        example: "\"50MB\"",
        flag: "--rate-limit",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.rate_limit = Some(size)),
    },
    Key {
        section: "load",
        name: "snapshot_age_warning",
        brief: "Warn once the load has held its snapshot on the source for this long",
        details: "As long as it is held, vacuum keeps there what the application deletes and replaces.",
        default: "6h",
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
        brief: "What to do where the target refuses a value: stop, log or suspend",
        details: "That is a value out of range, malformed, null, or against a check. stop: end before its transaction. log: store the\n\
                whole change in transhume.exception, in the transaction that applies everything else of its source transaction.\n\
                suspend: skip the table until it is loaded again. The last two bar the cutover until they are dealt with. A full\n\
                disk, short memory or a read-only target is none of this: it is waited out.",
        default: "stop",
        example: "\"stop\"",
        flag: "--on-data-error",
        form: "\"stop\", \"log\" or \"suspend\"",
        set: |config, value| value.word().map(|action| config.on_data_error = Some(action)),
    },
    Key {
        section: "follow",
        name: "on_conflict",
        brief: "The same where a row is missing, there already, or against a constraint among rows",
        details: "",
        default: "stop",
        example: "\"stop\"",
        flag: "--on-conflict",
        form: "\"stop\", \"log\" or \"suspend\"",
        set: |config, value| value.word().map(|action| config.on_conflict = Some(action)),
    },
    Key {
        section: "follow",
        name: "on_table_error",
        brief: "The same where the table is the reason: rights, definition, identity",
        details: "",
        default: "stop",
        example: "\"stop\"",
        flag: "--on-table-error",
        form: "\"stop\", \"log\" or \"suspend\"",
        set: |config, value| value.word().map(|action| config.on_table_error = Some(action)),
    },
    Key {
        section: "follow",
        name: "carry_over",
        brief: "Changes of the schema that are brought to the target without asking",
        details: "enum-labels, nullable-columns (without a default) and partitions of tables that are followed. An empty list carries\n\
                nothing over. Everything else holds the stream with the statement to run.",
        default: "all of these",
        example: "[\"enum-labels\", \"nullable-columns\", \"partitions\"]",
        flag: "--carry-over",
        form: "a list of words, such as [\"enum-labels\", \"partitions\"]",
        set: |config, value| value.words().map(|words| config.carry_over = Some(words)),
    },
    Key {
        section: "follow",
        name: "schema_changes",
        brief: "What becomes of statements that alter the source's schema: replicate, hold or refuse",
        details: "hold: the stream waits before the first change that does not fit, with the statement to run on the target.\n\
                replicate: event triggers on the source announce in the stream what each statement left behind, and the target is\n\
                altered so in the same transaction; what cannot be followed exactly is held. refuse: the source refuses such\n\
                statements until finish or abort. Without the right to event triggers it is hold (PostgreSQL 14 and later).",
        default: "hold",
        example: "\"hold\"",
        flag: "--schema-changes",
        form: "\"replicate\", \"hold\" or \"refuse\"",
        set: |config, value| value.word().map(|policy| config.schema_changes = Some(policy)),
    },
    Key {
        section: "follow",
        name: "wal_budget",
        brief: "WAL that the slot may keep on the source",
        details: "Beside the server's own limit; a warning comes at half of the nearer one.",
        default: "what max_slot_wal_keep_size allows",
        example: "\"200GB\"",
        flag: "--wal-budget",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.wal_budget = Some(size)),
    },
    Key {
        section: "follow",
        name: "wal_action",
        brief: "What to do before that is too much: warn, suspend or drop-slot",
        details: "suspend: at 80 % of the limit, suspend the table that apply waits for. drop-slot: that too, and at the whole of\n\
                wal_budget drop the slot, which ends the migration and saves the source's disk.",
        default: "warn",
        example: "\"warn\"",
        flag: "--wal-action",
        form: "\"warn\", \"suspend\" or \"drop-slot\"",
        set: |config, value| value.word().map(|action| config.wal_action = Some(action)),
    },
    Key {
        section: "follow",
        name: "spill_directory",
        brief: "Where large transactions wait that the source sends before their commit",
        details: "Their files have no name and are gone with the process (PostgreSQL 14 and later).",
        default: "the temporary directory",
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
        brief: "How much of them may wait there",
        details: "Where they are larger, or the disk is full, the source keeps large transactions until their commit, which then takes\n\
                longer to reach the target. 0B: it always does, as servers before PostgreSQL 14 do.",
        default: "1GB",
        example: "\"1GB\"",
        flag: "--spill-limit",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.spill_limit = Some(size)),
    },
    Key {
        section: "follow",
        name: "early_from",
        brief: "A transaction of this size is written to the target before its commit",
        details: "In a transaction of its own that is committed at its turn. Whoever waits for a lock of it is let through within\n\
                seconds, and it is then written at its commit. 0B: all are written at their commit.",
        default: "8MB",
        example: "\"8MB\"",
        flag: "--early-from",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.early_from = Some(size)),
    },
    Key {
        section: "schema",
        name: "roles",
        brief: "Roles that are called otherwise on the target, such as postgres=azadmin",
        details: "Owners, grants, policies and user mappings name the target's role instead, and comparisons expect it.",
        default: "all are called the same",
        example: "{ postgres = \"azadmin\" }",
        flag: "--roles",
        form: "pairs of roles, such as { postgres = \"azadmin\" }",
        set: |config, value| value.roles().map(|roles| config.roles = Some(roles)),
    },
    Key {
        section: "schema",
        name: "programs",
        brief: "Directory with pg_dump and pg_restore",
        details: "Of a major version not older than both servers'.",
        default: "the newest that is found",
        example: "\"/usr/lib/postgresql/17/bin\"",
        flag: "--programs",
        form: "a directory in quotes, such as \"/usr/lib/postgresql/17/bin\"",
        set: |config, value| value.text().map(|text| config.programs = Some(text.into())),
    },
    Key {
        section: "verify",
        name: "comparers",
        brief: "Pieces of tables compared at once",
        details: "Each takes a session on both sides.",
        default: "2",
        example: "2",
        flag: "--comparers",
        form: NUMBER,
        set: |config, value| value.count().map(|count| config.comparers = Some(count)),
    },
    Key {
        section: "verify",
        name: "rate_limit",
        brief: "Upper limit for reading from each side in a second",
        details: "Over all comparers of one process.",
        default: "no limit",
        example: "\"50MB\"",
        flag: "--rate-limit",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.compared_rate_limit = Some(size)),
    },
    Key {
        section: "verify",
        name: "hold_timeout",
        brief: "Hold apply no longer than this for the source to give a consistent point",
        details: "Where it takes longer, apply continues, and it is tried again once the transactions in the way have ended.",
        default: "10s",
        example: "\"10s\"",
        flag: "--hold-timeout",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.hold_timeout = Some(span)),
    },
    Key {
        section: "verify",
        name: "rows",
        brief: "Rows named, and repaired, for each table; all are counted",
        details: "",
        default: "100",
        example: "100",
        flag: "--rows",
        form: NUMBER,
        set: |config, value| value.count().map(|count| config.named_rows = Some(count)),
    },
    Key {
        section: "cutover",
        name: "max_lag",
        brief: "Refuse while the target is further behind than this",
        details: "",
        default: "16MB",
        example: "\"16MB\"",
        flag: "--max-lag",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.max_lag = Some(size)),
    },
    Key {
        section: "cutover",
        name: "lock_timeout",
        brief: "How long one try of the fence may wait for running transactions",
        details: "Writers wait behind it for as long.",
        default: "200ms",
        example: "\"200ms\"",
        flag: "--lock-timeout",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.lock_timeout = Some(span)),
    },
    Key {
        section: "cutover",
        name: "attempts",
        brief: "How often the fence is tried before the cutover gives up",
        details: "",
        default: "20",
        example: "20",
        flag: "--attempts",
        form: NUMBER,
        set: |config, value| value.number_of().map(|number| config.attempts = Some(number)),
    },
    Key {
        section: "cutover",
        name: "drain_timeout",
        brief: "How long the target may take to reach the fence before the cutover is undone",
        details: "",
        default: "10s",
        example: "\"10s\"",
        flag: "--drain-timeout",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.drain_timeout = Some(span)),
    },
    Key {
        section: "cutover",
        name: "max_pause",
        brief: "How long writers may wait in all; past it everything that still can be is undone",
        details: "",
        default: "15s",
        example: "\"15s\"",
        flag: "--max-pause",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.max_pause = Some(span)),
    },
    Key {
        section: "cutover",
        name: "sequence_margin",
        brief: "Increments that each sequence is set ahead of the source's value",
        details: "",
        default: "32",
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
        brief: "Ask for a verification that found both sides equal and is not older",
        details: "0s: it does not ask.",
        default: "24h",
        example: "\"24h\"",
        flag: "--verified-within",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.verified_within = Some(span)),
    },
    Key {
        section: "cutover.pgbouncer",
        name: "admin",
        brief: "PgBouncer's admin console, such as postgresql://admin@localhost:6432/pgbouncer",
        details: "With it a cutover holds the clients, points the entry to the target, and lets them go on: none of them fails. The\n\
                password as for [source].",
        default: "no PgBouncer",
        example: "\"postgresql://admin@localhost:6432/pgbouncer\"",
        flag: "--pgbouncer-admin",
        form: URL,
        set: |config, value| value.url().map(|url| config.application.admin = Some(url)),
    },
    Key {
        section: "cutover.pgbouncer",
        name: "file",
        brief: "PgBouncer's file with the section [databases], on this machine",
        details: "Only the entry of this database is changed.",
        default: "none",
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
        brief: "Name of the entry whose clients are held",
        details: "",
        default: "the source's database",
        example: "\"shop\"",
        flag: "--pgbouncer-database",
        form: "a name in quotes, such as \"shop\"",
        set: |config, value| value.text().map(|text| config.application.database = Some(text)),
    },
    Key {
        section: "cutover.pgbouncer",
        name: "entry",
        brief: "The entry's whole new right-hand side",
        details: "",
        default: "as before, with the target's host, port and database",
        example: "\"host=new.example.com port=5432 dbname=shop pool_size=40\"",
        flag: "--pgbouncer-entry",
        form: "the right-hand side in quotes, such as \"host=new.example.com dbname=shop\"",
        set: |config, value| value.url().map(|text| config.application.entry = Some(text)),
    },
    Key {
        section: "cutover.pgbouncer",
        name: "timeout",
        brief: "How long running transactions may take to end once new ones wait",
        details: "Then the clients go on, and it is tried again.",
        default: "1s",
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
        brief: "Called when all is prepared and nothing is locked yet",
        details: "Each hook is a command for the shell, or an address that gets a POST. Both are told the same: TRANSHUME_MOMENT,\n\
                _MIGRATION, _SOURCE_HOST, _SOURCE_PORT, _SOURCE_DATABASE, _TARGET_…, _FENCE_LSN and _REHEARSAL (yes or no) in\n\
                the environment, or the same as JSON (on stdin for a command). A failure up to drained undoes the cutover.",
        default: "no hook",
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
        brief: "Called when nobody can write on the source",
        details: "",
        default: "no hook",
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
        brief: "Called when the target has all that the source has",
        details: "",
        default: "no hook",
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
        brief: "Called when the application lives on the target",
        details: "A failure is a finding.",
        default: "no hook",
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
        brief: "Called when the cutover was undone",
        details: "A failure is a finding.",
        default: "no hook",
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
        brief: "How long each hook may take",
        details: "",
        default: "5s",
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
