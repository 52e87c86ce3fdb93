//! Keys: the full load.

use super::{DURATION, Key, NUMBER, SIZE};

pub(super) const KEYS: &[Key] = &[
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
        default: "tables above 1GB, in ranges of a key of 64MB or in parts of 32MB to 256MB",
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
        section: "load",
        name: "snapshot_renewal",
        brief: "Read what is left of a table under a fresh snapshot once the load's is this old",
        details: "Where a table is copied in ranges of its key; others are finished under the snapshot that they were begun with.",
        default: "2h",
        example: "\"2h\"",
        flag: "--snapshot-renewal",
        form: DURATION,
        set: |config, value| value.duration().map(|span| config.snapshot_renewal = Some(span)),
    },
    Key {
        section: "load",
        name: "target_storage",
        brief: "What the target has for all its databases and WAL: the load waits before a managed server turns read-only",
        details: "That is at 95 %, or with 5 GB free (Azure). What SQL tells is compared: the sizes of the databases and of the WAL. No\n\
                further part is taken up until there is room again; builds go on. Say it again after the storage has grown.",
        default: "the load takes no notice, and waits only once the target is read-only",
        example: "\"512GB\"",
        flag: "--target-storage",
        form: SIZE,
        set: |config, value| value.size().map(|size| config.target_storage = Some(size)),
    },
];
