//! Rows that extensions keep for the user (`pg_extension_config_dump`): they come along as pg_dump carries them, but for
//! those that would act on the target before the application is there.

/// Extensions whose rows stay behind, each with the reason.
const STAY_BEHIND: [(&str, &str); 2] = [
    ("pg_cron", "its jobs would run on both servers"),
    (
        "timescaledb",
        "they describe the chunks of its own tables, which only its own tools can make",
    ),
];

/// Why the rows of this extension are not carried.
pub fn stays_behind(extension: &str) -> Option<&'static str> {
    STAY_BEHIND
        .iter()
        .find_map(|(name, reason)| (*name == extension).then_some(*reason))
}
