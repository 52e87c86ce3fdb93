//! Keys: the cutover itself.

use super::{DURATION, Key, NUMBER, SIZE};

pub(super) const KEYS: &[Key] = &[
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
];
