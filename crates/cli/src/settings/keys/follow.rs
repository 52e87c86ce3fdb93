//! Keys: following.

use super::{Key, SIZE};

pub(super) const KEYS: &[Key] = &[
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
                statements until finish or abort. Without the right to event triggers it is hold (PostgreSQL 14 and later). A run without\n\
                the setting takes the event triggers of an earlier one away.",
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
];
