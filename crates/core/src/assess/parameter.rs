//! Parameters of both servers side by side: which differ, which of them change results, and what sets them on the target.
//!
//! Only what somebody set on either side is compared: versions differ in their defaults. Refuses what differs between any two
//! servers (addresses, files, logging) and what is decided elsewhere (encoding and collation).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use transhume_wire::ident::{quote_identifier, quote_literal};

use super::{
    capability::Capabilities,
    observation::{Observed, Parameter},
    platform::remedy::{self, Effect},
};
use crate::{
    count::listed,
    finding::{Finding, Remedy},
};

/// A parameter that the two servers differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ParameterDifference {
    pub name: String,
    pub source: String,
    /// None where the target does not know the parameter.
    pub target: Option<String>,
    /// The same statement may give another result, not only take another time.
    pub changes_results: bool,
    /// What gives the target the source's value; empty where nothing can.
    #[serde(flatten)]
    pub remedy: Remedy,
}

/// What the application would notice, and how.
const CHANGES_RESULTS: [(&str, &str); 19] = [
    ("DateStyle", "dates are read and printed in another order"),
    ("IntervalStyle", "intervals are printed in another form"),
    (
        "TimeZone",
        "times without a zone and the present day are those of another zone",
    ),
    ("array_nulls", "NULL in a text of an array means something else"),
    ("backslash_quote", "quotes after a backslash are taken or refused"),
    ("bytea_output", "bytea is printed in another form"),
    ("default_text_search_config", "text search finds other words"),
    (
        "default_transaction_isolation",
        "transactions see and refuse other things",
    ),
    ("default_transaction_read_only", "transactions cannot write"),
    ("escape_string_warning", "warnings come or stay away"),
    (
        "extra_float_digits",
        "floating-point numbers are printed with other digits",
    ),
    ("lc_monetary", "amounts of money are printed in another form"),
    ("lc_numeric", "numbers are formatted in another form"),
    ("lc_time", "names of days and months come in another language"),
    ("quote_all_identifiers", "definitions are printed in another form"),
    ("search_path", "names without a schema may mean other objects"),
    (
        "standard_conforming_strings",
        "backslashes in strings mean something else",
    ),
    (
        "transform_null_equals",
        "comparisons with NULL give another result",
    ),
    ("xmloption", "XML is read in another way"),
];

/// Differences that say nothing about the application.
const SERVERS_OWN: [&str; 22] = [
    "application_name",
    "archive_",
    "azure.",
    "client_encoding",
    "cluster_name",
    "config_file",
    "data_",
    "event_source",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "krb_",
    "lc_messages",
    "listen_addresses",
    "log_",
    "logging_collector",
    "port",
    "primary_",
    "promote_trigger_file",
    "server_encoding",
    "ssl",
    "unix_socket",
];

/// Everything that both servers have and differ in, by name; where the target lacks it, what changes results there.
pub fn differences(observed: &Observed) -> Vec<ParameterDifference> {
    let there: BTreeMap<&str, &Parameter> = observed
        .target
        .parameters
        .iter()
        .map(|parameter| (parameter.name.as_str(), parameter))
        .collect();
    observed
        .source
        .parameters
        .iter()
        .filter(|here| !is_servers_own(&here.name) && here.context != "internal" && !here.of_database)
        .filter_map(|here| {
            let there = there.get(here.name.as_str()).copied();
            let is_set = here.is_set || there.is_some_and(|there| there.is_set);
            let is_same = there.is_some_and(|there| there.value == here.value && there.unit == here.unit);
            (is_set && !is_same).then(|| difference(observed, here, there))
        })
        .collect()
}

fn is_servers_own(name: &str) -> bool {
    SERVERS_OWN.iter().any(|start| name.starts_with(start))
}

fn difference(observed: &Observed, here: &Parameter, there: Option<&Parameter>) -> ParameterDifference {
    ParameterDifference {
        name: here.name.clone(),
        source: shown(here),
        target: there.map(shown),
        changes_results: effect(&here.name).is_some(),
        remedy: there.map_or_else(Remedy::default, |there| {
            remedy(&observed.target.capabilities, here, there)
        }),
    }
}

fn effect(name: &str) -> Option<&'static str> {
    CHANGES_RESULTS
        .iter()
        .find_map(|(known, effect)| (*known == name).then_some(*effect))
}

fn shown(parameter: &Parameter) -> String {
    match (parameter.value.as_str(), parameter.unit.as_str()) {
        ("", _) => "(empty)".to_owned(),
        (value, "") => value.to_owned(),
        // A unit such as 8kB is a factor.
        (value, unit) if unit.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("{value} × {unit}")
        }
        (value, unit) => format!("{value} {unit}"),
    }
}

/// What a session may set is set for the database, which its owner can do anywhere; all else is the server's.
fn remedy(target: &Capabilities, here: &Parameter, there: &Parameter) -> Remedy {
    match there.context.as_str() {
        "user" => Remedy::on_target(format!(
            "alter database {} set {} = {};",
            quote_identifier(&target.database),
            quote_identifier(&here.name),
            value(here)
        )),
        "internal" => Remedy::default(),
        "postmaster" => remedy::set(target, "target", &[(&here.name, &here.value)], Effect::Restart),
        _ => remedy::set(target, "target", &[(&here.name, &here.value)], Effect::Reload),
    }
}

/// Lists are written without quotes around the whole.
fn value(parameter: &Parameter) -> String {
    match parameter.name.as_str() {
        "search_path" => parameter.value.clone(),
        _ => quote_literal(&parameter.value),
    }
}

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    let (changing, other): (Vec<_>, Vec<_>) = differences(observed)
        .into_iter()
        .partition(|difference| difference.changes_results);
    let findings = changing
        .iter()
        .filter_map(|difference| {
            let target = difference.target.as_deref()?;
            Some(Finding::warning(
                "parameters",
                &difference.name,
                format!(
                    "{} is {} on the source and {target} on the target: {}",
                    difference.name,
                    difference.source,
                    effect(&difference.name).unwrap_or_default()
                ),
                difference.remedy.clone(),
            ))
        })
        .collect();
    let message = if other.is_empty() {
        "no parameter that changes results differs".to_owned()
    } else {
        let names: Vec<String> = other.into_iter().map(|difference| difference.name).collect();
        format!(
            "no parameter that changes results differs; others that were set do: {}",
            listed(&names)
        )
    };
    Finding::or_pass(findings, "parameters", message)
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::healthy, *};
    use crate::finding::Severity;

    pub(in crate::assess) fn parameter(name: &str, value: &str, context: &str) -> Parameter {
        Parameter {
            name: name.into(),
            value: value.into(),
            unit: String::new(),
            context: context.into(),
            is_set: true,
            of_database: false,
        }
    }

    fn differing(name: &str, here: &str, there: &str, context: &str) -> Observed {
        let mut observed = healthy();
        observed.source.parameters = vec![parameter(name, here, context)];
        observed.target.parameters = vec![parameter(name, there, context)];
        observed
    }

    #[test]
    fn what_changes_results_is_a_warning_with_what_sets_it() {
        let observed = differing("TimeZone", "Europe/Berlin", "UTC", "user");
        let findings = check(&observed);
        assert_eq!(findings[0].severity, Severity::Warning);
        assert_eq!(
            findings[0].remedy,
            "on the target: alter database \"shop\" set \"TimeZone\" = 'Europe/Berlin';"
        );
        let path = differing("search_path", "\"$user\", shop", "\"$user\", public", "user");
        assert!(
            check(&path)[0]
                .remedy
                .ends_with("set \"search_path\" = \"$user\", shop;")
        );
        let same = differing("TimeZone", "UTC", "UTC", "user");
        assert_eq!(check(&same)[0].severity, Severity::Pass);
    }

    #[test]
    fn what_only_takes_another_time_is_listed_with_the_platforms_command() {
        let mut observed = differing("max_connections", "400", "100", "postmaster");
        observed.target.capabilities.marks.hosts = vec!["x.postgres.database.azure.com".into()];
        let found = differences(&observed);
        assert!(!found[0].changes_results);
        assert!(
            found[0]
                .remedy
                .contains("--server-name x --name max_connections --value 400"),
            "{found:?}"
        );
        let findings = check(&observed);
        assert_eq!(findings[0].severity, Severity::Pass);
        assert!(findings[0].message.contains("max_connections"));
    }

    #[test]
    fn defaults_of_two_versions_and_what_is_the_servers_own_are_no_difference() {
        let mut defaults = differing("jit", "off", "on", "user");
        defaults.source.parameters[0].is_set = false;
        defaults.target.parameters[0].is_set = false;
        assert!(differences(&defaults).is_empty());
        assert!(differences(&differing("log_directory", "a", "b", "sighup")).is_empty());
        let mut of_database = differing("TimeZone", "Asia/Tokyo", "UTC", "user");
        of_database.source.parameters[0].of_database = true;
        assert!(differences(&of_database).is_empty(), "it is told with the roles");
    }
}
