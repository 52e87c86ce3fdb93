//! Which service a server belongs to, recognised by what it shows: settings, roles, schemas, functions, and its host's name.
//!
//! Owns the signs. A platform changes only words and remedies: what a server lets us do is tried, never concluded from here.
//!
//! Invariant: who is let in as superuser is on no service but Crunchy Bridge, so that roles which were carried over from a service
//! to a server of one's own mean nothing there.

pub(super) mod extension;
#[cfg(test)]
mod golden;
pub mod remedy;

use serde::{Deserialize, Serialize};

use super::{capability::Capabilities, observation::Observed};
use crate::finding::Finding;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    AzureElastic,
    Azure,
    Heroku,
    Supabase,
    Neon,
    AlloyDb,
    CloudSql,
    Aurora,
    Rds,
    DigitalOcean,
    Aiven,
    CrunchyBridge,
    /// A server of one's own, or a service that is not known here.
    Plain,
}

/// What gives a platform away.
enum Sign {
    /// No other server has it: a setting, or an object that only the service can make.
    Setting(&'static str),
    Object(&'static str),
    /// A role may have been carried over.
    Role(&'static str),
    /// The end of a host's name.
    Host(&'static str),
}

use Sign::{Host, Object, Role, Setting};

/// The more particular ones first: Heroku and Supabase run on others, an elastic cluster is a flexible server with Citus.
const SIGNS: &[(Platform, &[Sign])] = &[
    (
        Platform::Heroku,
        &[Object("schema heroku_ext"), Role("role heroku_admin")],
    ),
    (
        Platform::Supabase,
        &[
            Host(".supabase.co"),
            Host(".supabase.com"),
            Role("role supabase_admin"),
        ],
    ),
    (
        Platform::Neon,
        &[
            Host(".neon.tech"),
            Setting("neon.timeline_id"),
            Role("role neon_superuser"),
        ],
    ),
    (
        Platform::Azure,
        &[
            Setting("azure.extensions"),
            Host(".postgres.database.azure.com"),
            Role("role azure_pg_admin"),
        ],
    ),
    (
        Platform::AlloyDb,
        &[Setting("alloydb.logical_decoding"), Role("role alloydbsuperuser")],
    ),
    (
        Platform::CloudSql,
        &[
            Setting("cloudsql.logical_decoding"),
            Role("role cloudsqlsuperuser"),
        ],
    ),
    (Platform::Aurora, &[Object("function aurora_version")]),
    (
        Platform::Rds,
        &[
            Setting("rds.extensions"),
            Setting("rds.logical_replication"),
            Setting("rds.allowed_extensions"),
            Host(".rds.amazonaws.com"),
            Role("role rds_superuser"),
        ],
    ),
    (
        Platform::DigitalOcean,
        &[Host(".db.ondigitalocean.com"), Role("role doadmin")],
    ),
    (Platform::Aiven, &[Host(".aivencloud.com"), Role("role avnadmin")]),
    (
        Platform::CrunchyBridge,
        &[Host(".postgresbridge.com"), Object("role crunchy_superuser")],
    ),
];

/// What an elastic cluster has beside all that a flexible server has.
const CITUS: &str = "extension citus";

impl Platform {
    pub fn of(end: &Capabilities) -> Self {
        let found = SIGNS
            .iter()
            .find(|(_, signs)| signs.iter().any(|sign| sign.is_on(end)))
            .map_or(Self::Plain, |(platform, _)| *platform);
        match found {
            Self::Azure if end.marks.objects.contains(CITUS) => Self::AzureElastic,
            other => other,
        }
    }

    /// By its name alone, where nothing can be asked yet.
    pub fn of_host(name: &str) -> Self {
        let fits = |sign: &Sign| matches!(sign, Host(end) if name.to_ascii_lowercase().ends_with(end));
        SIGNS
            .iter()
            .find(|(_, signs)| signs.iter().any(fits))
            .map_or(Self::Plain, |(platform, _)| *platform)
    }

    /// As its makers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AzureElastic => "Azure Database for PostgreSQL elastic cluster",
            Self::Azure => "Azure Database for PostgreSQL flexible server",
            Self::Heroku => "Heroku Postgres",
            Self::Supabase => "Supabase",
            Self::Neon => "Neon",
            Self::AlloyDb => "Google AlloyDB",
            Self::CloudSql => "Google Cloud SQL",
            Self::Aurora => "Amazon Aurora",
            Self::Rds => "Amazon RDS",
            Self::DigitalOcean => "DigitalOcean",
            Self::Aiven => "Aiven",
            Self::CrunchyBridge => "Crunchy Bridge",
            Self::Plain => "a server of your own",
        }
    }

    /// Its files, its configuration and its operating system belong to somebody else.
    pub fn is_service(self) -> bool {
        self != Self::Plain
    }
}

impl Sign {
    fn is_on(&self, end: &Capabilities) -> bool {
        match self {
            Setting(name) => end.setting(name).is_some(),
            Object(name) => end.marks.objects.contains(*name),
            Role(name) => !end.superuser && end.marks.objects.contains(*name),
            Host(suffix) => end
                .marks
                .hosts
                .iter()
                .any(|host| host.to_ascii_lowercase().ends_with(suffix)),
        }
    }
}

/// What each end is, and what its service does that a migration must know of.
pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    let ends = [
        ("source", &observed.source.capabilities),
        ("target", &observed.target.capabilities),
    ];
    let mut findings: Vec<Finding> = ends
        .iter()
        .map(|(side, end)| {
            Finding::pass(
                "platform",
                format!("the {side} runs on {}", Platform::of(end).name()),
            )
        })
        .collect();
    let source = &observed.source.capabilities;
    if let Some((message, remedy)) = habit(Platform::of(source)) {
        findings.push(Finding::warning("platform", "source", message, remedy));
    }
    if Platform::of(&observed.target.capabilities) == Platform::AzureElastic {
        findings.push(Finding::warning(
            "platform",
            "target",
            "the target is an elastic cluster: tables arrive as ordinary ones on its coordinator",
            "distribute them after the cutover, or migrate to a flexible server; port 5432 is the coordinator's",
        ));
    }
    findings
}

/// What a service does to slots or connections by itself.
fn habit(platform: Platform) -> Option<(&'static str, &'static str)> {
    match platform {
        Platform::Neon => Some((
            "Neon removes a slot that nobody reads for some 40 hours, and restoring a branch drops all slots",
            "do not leave the migration stopped for a day, and restore no branch of this project until it is finished",
        )),
        Platform::Supabase => Some((
            "schemas of Supabase's own services (auth, storage, realtime, vault and others) stand beside those of the application",
            "name the application's schemas: --include public; a login of Supabase that the application needs is made anew on the \
             target; connect by the direct host, not the pooler",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{capability::PlatformMarks, fixture::healthy},
        *,
    };
    use crate::finding::Severity;

    pub(in crate::assess) fn end(settings: &[&str], objects: &[&str], host: &str) -> Capabilities {
        let mut end = healthy().source.capabilities;
        end.settings
            .extend(settings.iter().map(|name| ((*name).to_owned(), String::new())));
        end.marks = PlatformMarks {
            hosts: vec![host.to_owned()],
            objects: objects.iter().map(|name| (*name).to_owned()).collect(),
        };
        end
    }

    #[test]
    fn each_platform_is_recognised_by_what_it_shows() {
        for (settings, objects, host, platform) in [
            (&["azure.extensions"][..], &[][..], "10.0.0.4", Platform::Azure),
            (&[], &["role azure_pg_admin"], "db", Platform::Azure),
            (&[], &[], "shop.postgres.database.azure.com", Platform::Azure),
            (
                &["azure.extensions"],
                &["extension citus"],
                "c",
                Platform::AzureElastic,
            ),
            (&[], &["role rds_superuser"], "db", Platform::Rds),
            (&[], &[], "shop.abc.eu-west-1.RDS.amazonaws.com", Platform::Rds),
            (
                &["rds.extensions"],
                &["role rds_superuser", "function aurora_version"],
                "db",
                Platform::Aurora,
            ),
            (
                &["rds.extensions"],
                &["schema heroku_ext"],
                "db",
                Platform::Heroku,
            ),
            (
                &["cloudsql.logical_decoding"],
                &[],
                "10.1.2.3",
                Platform::CloudSql,
            ),
            (&[], &["role alloydbsuperuser"], "10.1.2.3", Platform::AlloyDb),
            (&[], &["role supabase_admin"], "db", Platform::Supabase),
            (&[], &[], "ep-x.eu-central-1.aws.neon.tech", Platform::Neon),
            (&[], &["role avnadmin"], "db", Platform::Aiven),
            (&[], &["role doadmin"], "db", Platform::DigitalOcean),
            (&[], &[], "p.abc.db.postgresbridge.com", Platform::CrunchyBridge),
            (&[], &["extension citus"], "db.example.com", Platform::Plain),
        ] {
            let found = Platform::of(&end(settings, objects, host));
            assert_eq!(found, platform, "{settings:?} {objects:?} {host}");
        }
        assert_eq!(
            Platform::of_host("x.postgres.database.azure.com"),
            Platform::Azure
        );
        assert_eq!(Platform::of_host("localhost"), Platform::Plain);
    }

    #[test]
    fn roles_that_were_carried_over_to_a_server_of_ones_own_mean_nothing() {
        let mut carried = end(&[], &["role rds_superuser"], "localhost");
        carried.superuser = true;
        assert_eq!(Platform::of(&carried), Platform::Plain);
    }

    #[test]
    fn what_a_service_does_to_slots_by_itself_is_told() {
        let mut observed = healthy();
        assert!(
            check(&observed)
                .iter()
                .all(|finding| finding.severity == Severity::Pass)
        );
        observed.source.capabilities.marks.hosts = vec!["x.neon.tech".to_owned()];
        let reported = check(&observed);
        assert!(reported[0].message.contains("Neon"));
        assert!(reported[2].message.contains("40 hours"), "{reported:?}");
    }
}
