//! Keys: what a cutover does with the application: PgBouncer and hooks.

use transhume_engine::cutover::application::Moment;

use super::{DURATION, Key, URL};

pub(super) const KEYS: &[Key] = &[
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
