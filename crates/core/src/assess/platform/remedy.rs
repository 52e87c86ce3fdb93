//! How a remedy is carried out on each platform: parameters, the right to replicate, access from here.
//!
//! Owns the words. Names that only the operator knows stand in capitals; a server's own name is taken from its host's where that
//! tells. Invariant: nothing for a service speaks of files, of `alter system` or of pg_hba.conf (a test holds the golden texts to it).

use transhume_wire::ident::quote_identifier;

use super::Platform;
use crate::{assess::capability::Capabilities, finding::Remedy};

/// When a parameter takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Reload,
    Restart,
}

/// A parameter and the value that it should have.
pub type Wanted<'a> = (&'a str, &'a str);

/// Decoding is switched on by a name of its own on some services.
const LOGICAL: Wanted<'static> = ("wal_level", "logical");

/// What a database that offers no logical replication can do instead.
pub fn offline() -> Remedy {
    Remedy::from(
        "Heroku offers no logical replication: stop the application and move it offline, with the schema, the rows and a comparison \
         in one command: ",
    )
    .then(Remedy::run("transhume run --offline"))
}

/// The commands that give parameters of a server their values, together.
pub fn set(end: &Capabilities, side: &str, wanted: &[Wanted<'_>], effect: Effect) -> Remedy {
    let platform = Platform::of(end);
    let wants_logical = wanted.contains(&LOGICAL);
    match platform {
        Platform::Plain => by_sql(side, wanted, effect),
        Platform::CrunchyBridge => by_dashboard(wanted, effect),
        Platform::Azure | Platform::AzureElastic => by_az(&server_name(end), wanted, effect),
        Platform::Rds | Platform::Aurora => by_aws(platform, &server_name(end), wanted, effect),
        Platform::CloudSql => by_gcloud("sql instances patch INSTANCE", "cloudsql", wanted),
        Platform::AlloyDb => by_gcloud(
            "alloydb instances update INSTANCE --cluster=CLUSTER --region=REGION",
            "alloydb",
            wanted,
        ),
        Platform::Neon if wants_logical => {
            "enable it in the Neon console: Settings > Logical Replication (it cannot be taken back, and computes restart)".into()
        }
        Platform::Heroku if wants_logical => offline(),
        Platform::Neon | Platform::Heroku => {
            let settings = joined(wanted, ", ", |name, value| format!("{name} = {value}"));
            format!("ask {}'s support for {settings}", platform.name()).into()
        }
        Platform::Supabase => {
            let settings = joined(wanted, " ", |name, value| format!("--config {name}={value}"));
            Remedy::run(format!(
                "supabase --experimental --project-ref PROJECT postgres-config update {settings}\n# the database restarts"
            ))
        }
        Platform::Aiven => {
            let settings = joined(wanted, " ", |name, value| format!("-c pg.{name}={value}"));
            Remedy::run(format!("avn service update SERVICE {settings}"))
        }
        Platform::DigitalOcean => {
            let settings = joined(wanted, ", ", |name, value| format!("\"{name}\": {value}"));
            Remedy::run(format!(
                "doctl databases configuration update DATABASE_ID --engine pg --config-json '{{{settings}}}'"
            ))
        }
    }
}

fn joined(wanted: &[Wanted<'_>], separator: &str, form: impl Fn(&str, &str) -> String) -> String {
    let all: Vec<String> = wanted.iter().map(|(name, value)| form(name, value)).collect();
    all.join(separator)
}

fn by_sql(side: &str, wanted: &[Wanted<'_>], effect: Effect) -> Remedy {
    let statements = joined(wanted, " ", |name, value| {
        format!("alter system set {name} = {};", value_of(value))
    });
    match effect {
        Effect::Reload => Remedy::run(format!("{statements} select pg_reload_conf();")),
        Effect::Restart => Remedy::run(statements).then(format!(" then restart the {side}")),
    }
}

fn by_dashboard(wanted: &[Wanted<'_>], effect: Effect) -> Remedy {
    let settings = joined(wanted, ", ", |name, value| format!("{name} = {value}"));
    let then = match effect {
        Effect::Reload => "",
        Effect::Restart => ", and restart the cluster",
    };
    format!("set {settings} among the cluster's configuration parameters in the dashboard{then}").into()
}

fn by_az(server: &str, wanted: &[Wanted<'_>], effect: Effect) -> Remedy {
    let commands = joined(wanted, " && ", |name, value| azure_set(server, name, value));
    let then = match effect {
        Effect::Restart => {
            format!(" && az postgres flexible-server restart --resource-group RESOURCE_GROUP --name {server}")
        }
        Effect::Reload => String::new(),
    };
    Remedy::run(format!(
        "{commands}{then}\n# or in the portal: Settings > Server parameters"
    ))
}

fn by_aws(platform: Platform, instance: &str, wanted: &[Wanted<'_>], effect: Effect) -> Remedy {
    let (method, then) = match effect {
        Effect::Restart => (
            "pending-reboot",
            format!(" && aws rds reboot-db-instance --db-instance-identifier {instance}"),
        ),
        Effect::Reload => ("immediate", String::new()),
    };
    let parameters = joined(wanted, " ", |name, value| {
        let (name, value) = rds_parameter(name, value);
        format!("'ParameterName={name},ParameterValue={value},ApplyMethod={method}'")
    });
    let group = match platform {
        Platform::Aurora => {
            "modify-db-cluster-parameter-group --db-cluster-parameter-group-name PARAMETER_GROUP"
        }
        _ => "modify-db-parameter-group --db-parameter-group-name PARAMETER_GROUP",
    };
    Remedy::run(format!(
        "aws rds {group} --parameters {parameters}{then}\n# in a parameter group of your own: the default one cannot be changed"
    ))
}

fn by_gcloud(command: &str, prefix: &str, wanted: &[Wanted<'_>]) -> Remedy {
    let flags = joined(wanted, ",", |name, value| google_flag(prefix, name, value));
    Remedy::run(format!(
        "gcloud {command} --database-flags={flags}\n# with the flags that are set already: the list replaces them; the instance restarts \
         where a flag asks for it"
    ))
}

fn azure_set(server: &str, parameter: &str, value: &str) -> String {
    format!(
        "az postgres flexible-server parameter set --resource-group RESOURCE_GROUP --server-name {server} --name {parameter} \
         --value {value}"
    )
}

fn rds_parameter<'a>(name: &'a str, value: &'a str) -> Wanted<'a> {
    match (name, value) {
        LOGICAL => ("rds.logical_replication", "1"),
        other => other,
    }
}

fn google_flag(prefix: &str, name: &str, value: &str) -> String {
    match (name, value) {
        LOGICAL => format!("{prefix}.logical_decoding=on"),
        _ => format!("{name}={value}"),
    }
}

/// Words need quotes in SQL.
fn value_of(value: &str) -> String {
    if value.parse::<i64>().is_ok() {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

/// The name by which the platform's own program calls the server.
fn server_name(end: &Capabilities) -> String {
    let label = |suffix: &str| {
        end.marks
            .hosts
            .iter()
            .find(|host| host.to_ascii_lowercase().ends_with(suffix))
            .and_then(|host| host.split('.').next())
            // A host's name from here; nothing but what a name may hold is put into a command.
            .filter(|label| {
                label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
            .map(str::to_owned)
    };
    match Platform::of(end) {
        Platform::Azure | Platform::AzureElastic => {
            label(".postgres.database.azure.com").unwrap_or_else(|| "SERVER".to_owned())
        }
        Platform::Rds => label(".rds.amazonaws.com").unwrap_or_else(|| "INSTANCE".to_owned()),
        Platform::Aurora => "WRITER_INSTANCE".to_owned(),
        _ => "SERVER".to_owned(),
    }
}

/// A remedy and what else may be done: behind a command it is a comment, so that the command can be pasted as it is.
pub fn with_note(end: &Capabilities, remedy: Remedy, note: &str) -> Remedy {
    match Platform::of(end) {
        Platform::Plain if remedy.ends_with(';') => remedy.then(format!(" {note}")),
        Platform::Plain => remedy.then(format!(", {note}")),
        _ => remedy.with_comment(&format!("\n# {note}")),
    }
}

/// What lets the role replicate, and the connection through.
pub fn replication(end: &Capabilities) -> Remedy {
    let right = replication_right(end);
    match Platform::of(end) {
        Platform::Plain => right.then(format!(" and {}", access_to(Platform::Plain))),
        Platform::Heroku => right,
        Platform::Azure | Platform::AzureElastic => right.with_comment(&format!(
            "\n-- by the server's administrator; {}",
            access_to(Platform::Azure)
        )),
        platform => right.with_comment(&format!("\n-- {}", access_to(platform))),
    }
}

/// What gives the role its right to replicate.
pub fn replication_right(end: &Capabilities) -> Remedy {
    let role = quote_identifier(&end.role);
    let alter = format!("alter role {role} replication;");
    let by = |administrator: &str| {
        Remedy::from(format!("connect as {administrator}, or as it: ")).then(Remedy::run(alter.clone()))
    };
    match Platform::of(end) {
        Platform::Rds | Platform::Aurora => Remedy::run(format!("grant rds_replication to {role};")),
        Platform::CloudSql | Platform::AlloyDb => Remedy::run(format!("alter user {role} with replication;")),
        Platform::Supabase if end.server_version.major() < 17 => {
            "connect as the role postgres, by the direct host: before PostgreSQL 17 no other one may replicate".into()
        }
        Platform::Neon => "make the role in the Neon console (a role of its own SQL has no right to replicate), and connect by the \
             host without -pooler"
            .into(),
        Platform::Aiven => by("avnadmin"),
        Platform::DigitalOcean => by("doadmin"),
        Platform::Heroku => offline(),
        Platform::Plain
        | Platform::Azure
        | Platform::AzureElastic
        | Platform::CrunchyBridge
        | Platform::Supabase => Remedy::run(alter),
    }
}

/// The place where a platform keeps who may connect from where.
pub fn access_to(platform: Platform) -> &'static str {
    match platform {
        Platform::Plain => "allow the address in pg_hba.conf, then select pg_reload_conf();",
        Platform::Azure | Platform::AzureElastic => {
            "allow the address in the server's firewall rules (portal: Settings > Networking)"
        }
        Platform::Rds | Platform::Aurora => "allow the address in the security group of the instance",
        Platform::CloudSql => {
            "allow the address among the instance's authorized networks, or connect by its private address"
        }
        Platform::AlloyDb => "connect from within the cluster's network",
        Platform::Supabase => {
            "connect by the direct host (not the pooler), and see the project's network restrictions"
        }
        Platform::Neon => "connect by the host without -pooler, and see the project's IP allow list",
        Platform::Heroku => "see the credentials of the database",
        Platform::Aiven => "allow the address in the service's IP filter",
        Platform::DigitalOcean => "add the address to the database's trusted sources",
        Platform::CrunchyBridge => "allow the address in the cluster's firewall rules",
    }
}
