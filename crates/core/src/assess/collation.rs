//! Encoding and collation of the two databases.

use std::collections::BTreeSet;

use transhume_wire::ident::{QualifiedName, quote_identifier, quote_literal};

use super::{
    observation::{Database, Observed},
    platform::Platform,
};
use crate::finding::{Finding, Remedy};

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    [
        encoding(observed),
        collation(observed),
        missing_collations(observed),
        collation_versions(observed),
    ]
    .concat()
}

fn encoding(observed: &Observed) -> Vec<Finding> {
    let (source, target) = (
        &observed.source.database.encoding,
        &observed.target.database.encoding,
    );
    if source == target {
        return vec![Finding::pass(
            "encoding",
            format!("both databases are encoded in {source}"),
        )];
    }
    let harm = match (source.as_str(), target.as_str()) {
        ("SQL_ASCII", _) => {
            "bytes that are not valid there stop the load, and the stream unless --on-data-error says what becomes of such a row"
        }
        (source, "UTF8") if is_contained(source) => {
            "long names and indexed values may grow past their limits"
        }
        _ => {
            "characters that the target's encoding lacks stop the load, and the stream unless --on-data-error says what becomes \
             of such a row"
        }
    };
    vec![Finding::warning(
        "encoding",
        &observed.target.capabilities.database,
        format!("the source is encoded in {source}, the target in {target}: {harm}"),
        create_database(observed),
    )]
}

/// Each of its bytes is a character of UTF-8. Of the other encodings some leave bytes without a meaning, others have characters
/// that UTF-8 lacks.
fn is_contained(encoding: &str) -> bool {
    matches!(
        encoding,
        "LATIN1"
            | "LATIN2"
            | "LATIN4"
            | "LATIN5"
            | "LATIN6"
            | "LATIN7"
            | "LATIN8"
            | "LATIN9"
            | "LATIN10"
            | "ISO_8859_5"
            | "KOI8R"
            | "KOI8U"
            | "WIN1256"
            | "WIN866"
    )
}

fn collation(observed: &Observed) -> Vec<Finding> {
    let (source, target) = (&observed.source.database, &observed.target.database);
    if order(source) == order(target) {
        return vec![Finding::pass(
            "collation",
            format!(
                "both databases sort text by {} ({})",
                shown(source),
                source.provider
            ),
        )];
    }
    vec![Finding::warning(
        "collation",
        &observed.target.capabilities.database,
        format!(
            "the source sorts text by {} ({}), the target by {} ({}): results come in another order",
            shown(source),
            source.provider,
            shown(target),
            target.provider
        ),
        create_database(observed),
    )]
}

fn shown(database: &Database) -> &str {
    database.locale.as_deref().unwrap_or(&database.collate)
}

/// What decides the order, spelled one way: `C.UTF-8` and `C.utf8` are the same locale.
fn order(database: &Database) -> (String, String, String, Option<String>) {
    let plain = |locale: &str| locale.to_lowercase().replace("utf-8", "utf8");
    (
        database.provider.clone(),
        plain(&database.collate),
        plain(&database.ctype),
        database.locale.clone(),
    )
}

fn create_database(observed: &Observed) -> Remedy {
    let source = &observed.source.database;
    let provider = match (source.provider.as_str(), &source.locale) {
        ("icu", Some(locale)) => format!(" locale_provider icu icu_locale {}", quote_literal(locale)),
        ("builtin", Some(locale)) => format!(
            " locale_provider builtin builtin_locale {}",
            quote_literal(locale)
        ),
        _ => String::new(),
    };
    let statement = format!(
        "create database {} template template0 encoding {} lc_collate {} lc_ctype {}{provider};",
        quote_identifier(&observed.target.capabilities.database),
        quote_literal(&source.encoding),
        quote_literal(&source.collate),
        quote_literal(&source.ctype)
    );
    Remedy::from("to be the same, create the target anew: ").then(Remedy::run(statement))
}

fn missing_collations(observed: &Observed) -> Vec<Finding> {
    let offered: BTreeSet<&QualifiedName> = observed
        .target
        .collations
        .iter()
        .map(|collation| &collation.name)
        .collect();
    let findings = observed
        .source
        .collations
        .iter()
        .filter(|collation| collation.used && !collation.user_defined && !offered.contains(&collation.name))
        .map(|collation| {
            Finding::blocker(
                "collations-missing",
                &collation.name.name,
                format!(
                    "columns sort by the collation \"{}\" ({}), which the target does not have",
                    collation.name.name, collation.provider
                ),
                match Platform::of(&observed.target.capabilities) {
                    Platform::Plain => Remedy::from("install the locale on the target's server, then there: ")
                        .then(Remedy::run("select pg_import_system_collations('pg_catalog');"))
                        .then(" or give the columns another collation"),
                    _ => Remedy::from(
                        "give the columns another collation, such as one of ICU: alter table … alter column … type … collate \"…\";",
                    ),
                },
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "collations-missing",
        "the target has every collation that columns use",
    )
}

fn collation_versions(observed: &Observed) -> Vec<Finding> {
    let source = &observed.source.database;
    let mut findings = Vec::new();
    if changed(
        source.collation_version.as_ref(),
        source.actual_collation_version.as_ref(),
    ) {
        let database = quote_identifier(&observed.source.capabilities.database);
        findings.push(outdated(
            &observed.source.capabilities.database,
            "the database's collation",
            Remedy::run(format!(
                "reindex database {database}; alter database {database} refresh collation version;"
            )),
        ));
    }
    for collation in observed
        .source
        .collations
        .iter()
        .filter(|collation| collation.used)
    {
        if changed(collation.version.as_ref(), collation.actual_version.as_ref()) {
            findings.push(outdated(
                &collation.name.plain(),
                &format!("the collation {}", collation.name.plain()),
                Remedy::from("reindex what sorts by it, then: ").then(Remedy::run(format!(
                    "alter collation {} refresh version;",
                    collation.name
                ))),
            ));
        }
    }
    Finding::or_pass(
        findings,
        "collation-versions",
        "the source's indexes were built with the collations that its server has now",
    )
}

fn changed(recorded: Option<&String>, actual: Option<&String>) -> bool {
    matches!((recorded, actual), (Some(recorded), Some(actual)) if recorded != actual)
}

fn outdated(object: &str, what: &str, remedy: Remedy) -> Finding {
    Finding::warning(
        "collation-versions",
        object,
        format!(
            "{what} changed under the source's indexes: unique ones may have let duplicates in, which the target refuses"
        ),
        remedy,
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::{fixture::healthy, observation::Collation},
        *,
    };
    use crate::finding::Severity;

    #[test]
    fn different_encodings_say_what_can_go_wrong() {
        let mut observed = healthy();
        observed.source.database.encoding = "SQL_ASCII".into();
        assert!(encoding(&observed)[0].message.contains("not valid"));
        observed.source.database.encoding = "LATIN1".into();
        assert!(encoding(&observed)[0].message.contains("grow"));
        assert!(encoding(&observed)[0].remedy.contains("encoding 'LATIN1'"));
    }

    #[test]
    fn two_spellings_of_a_locale_are_the_same() {
        let mut observed = healthy();
        observed.source.database.collate = "C.UTF-8".into();
        observed.target.database.collate = "C.utf8".into();
        assert_eq!(collation(&observed)[0].severity, Severity::Pass);
        observed.target.database.collate = "de_DE.utf8".into();
        assert_eq!(collation(&observed)[0].severity, Severity::Warning);
    }

    #[test]
    fn a_collation_that_the_target_lacks_blocks() {
        let mut observed = healthy();
        let used = Collation {
            name: QualifiedName::new("pg_catalog", "de_DE"),
            provider: "libc".into(),
            user_defined: false,
            used: true,
            version: Some("2.31".into()),
            actual_version: Some("2.36".into()),
        };
        observed.source.collations = vec![used.clone()];
        assert_eq!(missing_collations(&observed)[0].severity, Severity::Blocker);
        assert_eq!(collation_versions(&observed)[0].severity, Severity::Warning);
        observed.target.collations = vec![used];
        assert_eq!(missing_collations(&observed)[0].severity, Severity::Pass);
    }

    #[test]
    fn a_changed_collation_of_the_database_is_told() {
        let mut observed = healthy();
        observed.source.database.collation_version = Some("2.31".into());
        observed.source.database.actual_collation_version = Some("2.36".into());
        assert!(
            collation_versions(&observed)[0]
                .remedy
                .contains("refresh collation version")
        );
    }
}
