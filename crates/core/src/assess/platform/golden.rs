//! The remedies of each platform as they are printed, in one file each: read them, they are what an operator pastes.

use std::{collections::BTreeSet, env, fmt::Write, fs, path::Path};

use super::Platform;
use crate::{
    assess::{
        capability::{Attempt, Budget},
        findings,
        fixture::{healthy, wretched},
        observation::{AvailableExtension, Collation, Extension, Observed},
    },
    finding::Severity,
    roles::tests as roles_tests,
};
use transhume_wire::ident::QualifiedName;

/// What gives each platform away here, and its file.
const PLATFORMS: [(Platform, &str, &str); 13] = [
    (Platform::Azure, "shop.postgres.database.azure.com", "azure"),
    (
        Platform::AzureElastic,
        "shop.postgres.database.azure.com, extension citus",
        "azure-elastic",
    ),
    (Platform::Rds, "shop.abc.eu-west-1.rds.amazonaws.com", "rds"),
    (Platform::Aurora, "function aurora_version", "aurora"),
    (Platform::CloudSql, "role cloudsqlsuperuser", "cloud-sql"),
    (Platform::AlloyDb, "role alloydbsuperuser", "alloydb"),
    (Platform::Supabase, "db.abc.supabase.co", "supabase"),
    (Platform::Neon, "ep-abc.eu-central-1.aws.neon.tech", "neon"),
    (Platform::Heroku, "schema heroku_ext", "heroku"),
    (Platform::Aiven, "shop.aivencloud.com", "aiven"),
    (
        Platform::DigitalOcean,
        "shop.db.ondigitalocean.com",
        "digitalocean",
    ),
    (
        Platform::CrunchyBridge,
        "p.abc.db.postgresbridge.com",
        "crunchy-bridge",
    ),
    (Platform::Plain, "db.example.com", "plain"),
];

/// What remedies give to run, a JSON string a line: a test of `pg` asks a server whether the statements among them are in order.
const TO_RUN: &str = "to-run.jsonl";

/// Everything that has a remedy of the platform's own, at both ends.
fn lacking(sign: &str) -> Observed {
    let mut observed = healthy();
    let refused = Attempt::Refused("permission denied".into());
    for end in [
        &mut observed.source.capabilities,
        &mut observed.target.capabilities,
    ] {
        for sign in sign.split(", ") {
            if sign.contains(' ') {
                end.marks.objects.insert(sign.to_owned());
            } else {
                end.marks.hosts.push(sign.to_owned());
            }
        }
        for (name, value) in [
            ("wal_level", "replica"),
            ("max_slot_wal_keep_size", "64"),
            ("max_locks_per_transaction", "0"),
            ("shared_preload_libraries", "pgaudit,pg_stat_statements"),
        ] {
            end.settings.insert(name.into(), value.into());
        }
        end.replication_connection = refused.clone();
        end.replica_role = refused.clone();
        end.slots = Budget { limit: 4, used: 4 };
    }
    observed.source.capabilities.standbys = 1;
    observed.source.capabilities.server_version = crate::assess::capability::VersionNumber(170_004);
    let extension = |name: &str| Extension {
        name: name.into(),
        version: "1.0".into(),
        schema: "public".into(),
    };
    observed.source.extensions = ["hstore", "pg_cron", "moddatetime"].map(extension).into();
    observed.target.available_extensions = ["hstore", "pg_cron"]
        .map(|name| AvailableExtension {
            name: name.into(),
            default_version: "1.0".into(),
        })
        .into();
    let list = match sign {
        azure if azure.contains("azure") => Some("azure.extensions"),
        amazon if amazon.contains("rds") => Some("rds.allowed_extensions"),
        _ => None,
    };
    if let Some(list) = list {
        let settings = &mut observed.target.capabilities.settings;
        settings.insert(list.into(), "PGCRYPTO,postgis".into());
    }
    observed.source.collations = vec![Collation {
        name: QualifiedName::new("pg_catalog", "de_DE"),
        provider: "libc".into(),
        user_defined: false,
        used: true,
        version: None,
        actual_version: None,
    }];
    observed
}

/// Writes the page where that is asked for; else it must be the one that is committed.
fn assert_committed(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/assess/platform/golden")
        .join(name);
    if env::var_os("TRANSHUME_WRITE_PAGES").is_some() {
        fs::write(&file, text).expect("the page can be written");
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        text, committed,
        "{name} differs: read it, then write it with TRANSHUME_WRITE_PAGES=1"
    );
}

fn page(platform: Platform, sign: &str) -> String {
    let mut text = format!("{}\n", platform.name());
    for finding in findings(&lacking(sign)) {
        // What is known of minor versions grows, and is the same everywhere.
        if finding.severity != Severity::Pass && finding.code != "minor-version" {
            write!(
                text,
                "\n{} {} {}\n{}\n{}\n",
                finding.severity.name(),
                finding.code,
                finding.object,
                finding.message,
                finding.remedy
            )
            .expect("writing into a string cannot fail");
        }
    }
    text
}

#[test]
fn each_platform_gets_its_remedies_in_its_own_form() {
    let mut seen = BTreeSet::new();
    for (platform, sign, name) in PLATFORMS {
        assert_eq!(
            Platform::of(&lacking(sign).source.capabilities),
            platform,
            "{sign}"
        );
        let text = page(platform, sign);
        assert_committed(&format!("{name}.txt"), &text);
        for word in [
            "alter system",
            "pg_hba",
            "postgresql.conf",
            "pg_reload_conf",
            "extension's files",
        ] {
            assert!(
                !platform.is_service() || !text.contains(word),
                "{name}: a service's operator cannot use {word:?}"
            );
        }
        assert!(seen.insert(text), "{name} is told what another one is told");
    }
}

#[test]
fn what_remedies_give_to_run_stands_in_one_list() {
    let platforms = PLATFORMS.iter().map(|(_, sign, _)| lacking(sign));
    let observed = platforms.chain(wretched());
    let found = observed.flat_map(|one| findings(&one));
    let beside = roles_tests::findings_of_each_kind();
    let pieces: BTreeSet<String> = found
        .chain(beside)
        .flat_map(|finding| finding.remedy.to_run().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let lines: Vec<String> = pieces
        .iter()
        .map(|piece| serde_json::to_string(piece).expect("a string is JSON"))
        .collect();
    assert_committed(TO_RUN, &format!("{}\n", lines.join("\n")));
}
