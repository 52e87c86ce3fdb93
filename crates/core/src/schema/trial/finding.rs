//! What a refusal means for the operator: one finding each, with what hangs on it and the way on.

use std::collections::{BTreeMap, HashMap};

use super::{Answer, Refusal};
use crate::shell;
use crate::{
    count::first_listed,
    finding::{Finding, Remedy, Severity},
    schema::archive::{Entry, EntryKind},
    sqlstate,
};

/// Code of the findings about definitions that the target refuses.
pub const REFUSED: &str = "definition-refused";

/// Dependents named before the rest is only counted: a finding is read on a terminal.
pub(super) const NAMED: usize = 8;

/// What the source's catalog says of the entries' objects, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownObject {
    /// `function shop.f(integer)`, as PostgreSQL identifies it.
    pub identity: Option<String>,
    /// Rows or values live in it: the migration cannot do without it.
    pub holds_data: bool,
}

/// By dump id, with the entry.
pub type Names<'a> = HashMap<i32, (&'a Entry, KnownObject)>;

/// What came of a trial's refusals.
#[derive(Debug, Default)]
pub struct Verdicts {
    pub findings: Vec<Finding>,
    /// Identities of what is left out, since the target refuses it and no selected table needs it.
    pub left_out: Vec<String>,
}

/// One finding for each refusal of a definition, in the order in which they came. An extension that was found to be unavailable keeps
/// that finding, with what hangs on it.
/// `leave_refused`: what no selected table needs is left out instead of blocking.
pub fn findings(
    refusals: &[Refusal],
    names: &Names<'_>,
    unavailable: &BTreeMap<String, Finding>,
    leave_refused: bool,
) -> Verdicts {
    let mut verdicts = Verdicts::default();
    for refusal in refusals.iter().filter(|refusal| !refusal.answer.is_for_rows) {
        let Some((entry, known)) = names.get(&refusal.dump_id) else {
            continue;
        };
        let extension = known
            .identity
            .as_ref()
            .and_then(|identity| identity.strip_prefix("extension "));
        let mut found = match extension.and_then(|name| unavailable.get(name.trim_matches('"'))) {
            Some(found) => missing_extension(found, refusal, names),
            None => finding(refusal, entry, known, names),
        };
        let is_needed = known.holds_data || !Dependents::of(refusal, names).tables.is_empty();
        if let Some(identity) = known.identity.as_ref()
            && leave_refused
            && !is_needed
            && found.severity == Severity::Blocker
        {
            found = Finding::warning(
                &found.code,
                &found.object,
                format!("{}; left out", found.message),
                "create it on the target by a role that may, where it is needed",
            );
            verdicts.left_out.push(identity.clone());
        }
        verdicts.findings.push(found);
    }
    verdicts
}

/// A run makes every extension of the source: without it, it cannot begin.
fn missing_extension(found: &Finding, refusal: &Refusal, names: &Names<'_>) -> Finding {
    let dependents = Dependents::of(refusal, names);
    Finding::blocker(
        &found.code,
        &found.object,
        format!("{}{}", found.message, dependents.reported()),
        found.remedy.clone(),
    )
}

fn finding(refusal: &Refusal, entry: &Entry, known: &KnownObject, names: &Names<'_>) -> Finding {
    let answer = &refusal.answer;
    let object = known
        .identity
        .clone()
        .unwrap_or_else(|| entry.description.clone());
    if answer.sqlstate == sqlstate::LOCK_NOT_AVAILABLE {
        return Finding::warning(
            REFUSED,
            &object,
            "it could not be tried: another session of the target holds a lock that it needs",
            "run \"transhume assess\" again when that session has ended",
        );
    }
    let dependents = Dependents::of(refusal, names);
    let message = format!(
        "the target refuses it: {} (SQLSTATE {}){}",
        said(answer),
        answer.sqlstate,
        dependents.reported()
    );
    if entry.kind.may_fail() {
        return Finding::warning(
            REFUSED,
            &object,
            message,
            "where it is needed, have a role of the target create it that may",
        );
    }
    // A policy names roles, and of what it needs nothing else can be missing alone.
    let remedy = if entry.kind == EntryKind::Policy && answer.sqlstate == sqlstate::UNDEFINED_OBJECT {
        Remedy::from("bring the roles first: ").then(Remedy::run("transhume roles --apply"))
    } else {
        remedy(answer, &object, known, &dependents)
    };
    Finding::blocker(REFUSED, &object, message, remedy)
}

fn said(answer: &Answer) -> String {
    match &answer.detail {
        Some(detail) => format!("{} ({})", answer.message, detail.trim_end_matches('.')),
        None => answer.message.clone(),
    }
}

/// What cannot come without the refused object.
struct Dependents {
    names: Vec<String>,
    /// Tables and sequences of the selection among them.
    tables: Vec<String>,
}

impl Dependents {
    fn of(refusal: &Refusal, names: &Names<'_>) -> Self {
        let mut dependents = Self {
            names: Vec::new(),
            tables: Vec::new(),
        };
        let refused = names.get(&refusal.dump_id).map(|(entry, _)| entry.object);
        for (entry, known) in refusal.dependents.iter().filter_map(|id| names.get(id)) {
            // What goes along with its object is not told beside it, nor a type beside its shell.
            if entry.object.class == 0
                || Some(entry.object) == refused
                || matches!(entry.kind, EntryKind::Grant | EntryKind::Comment)
            {
                continue;
            }
            let name = known
                .identity
                .clone()
                .unwrap_or_else(|| entry.description.clone());
            if known.holds_data {
                dependents.tables.push(name.clone());
            }
            dependents.names.push(name);
        }
        dependents
    }

    fn reported(&self) -> String {
        match self.names.len() {
            0 => String::new(),
            1 => format!("; {} needs it", self.names[0]),
            count => format!("; {count} others need it: {}", first_listed(&self.names, NAMED)),
        }
    }
}

fn remedy(answer: &Answer, object: &str, known: &KnownObject, dependents: &Dependents) -> Remedy {
    let first = match answer.sqlstate.as_str() {
        // Insufficient privilege, and what a provider does not support.
        sqlstate::INSUFFICIENT_PRIVILEGE | sqlstate::FEATURE_NOT_SUPPORTED => {
            "have a role of the target that may create it do so"
        }
        // Undefined object, table, function or schema.
        sqlstate::UNDEFINED_OBJECT
        | sqlstate::UNDEFINED_TABLE
        | sqlstate::UNDEFINED_FUNCTION
        | sqlstate::INVALID_SCHEMA_NAME => "first make on the target what it needs",
        // Duplicate object, table, function or schema.
        sqlstate::DUPLICATE_OBJECT
        | sqlstate::DUPLICATE_TABLE
        | sqlstate::DUPLICATE_FUNCTION
        | sqlstate::DUPLICATE_SCHEMA => "drop what the target has by that name",
        _ => "change it on the source, or make the target accept it",
    };
    let hint = answer
        .hint
        .as_ref()
        .map(|hint| format!(" ({})", hint.trim_end_matches('.')))
        .unwrap_or_default();
    let remedy = Remedy::from(format!("{first}{hint}"));
    let option = |words: String, option: String| {
        remedy
            .clone()
            .then(format!("; {words}: "))
            .then(Remedy::run(option))
    };
    if known.holds_data {
        option("or leave it where it is".to_owned(), exclude(object))
    } else if let Some(table) = dependents.tables.first() {
        option(
            format!("it cannot be left out while {table} is selected"),
            exclude(table),
        )
    } else if known.identity.is_some() {
        option(
            "or leave it out".to_owned(),
            format!("--leave-out {}", shell::quoted(object)),
        )
    } else {
        remedy
    }
}

/// The option that leaves a table out of the selection.
pub(super) fn exclude(table: &str) -> String {
    format!("--exclude {}", shell::word(excluded(table)))
}

/// `table shop.orders` without its kind, whose words hold neither quotes nor dots; a name may hold spaces.
fn excluded(identity: &str) -> &str {
    let name = identity.find(['"', '.']).unwrap_or(identity.len());
    identity[..name]
        .rfind(' ')
        .map_or(identity, |space| &identity[space + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(sqlstate: &str, dependents: &[i32]) -> Refusal {
        Refusal {
            dump_id: 1,
            answer: Answer {
                sqlstate: sqlstate.into(),
                message: "permission denied for language c".into(),
                detail: None,
                hint: None,
                is_for_rows: false,
            },
            dependents: dependents.to_vec(),
        }
    }

    fn known(identity: &str, holds_data: bool) -> KnownObject {
        KnownObject {
            identity: Some(identity.into()),
            holds_data,
        }
    }

    #[test]
    fn a_refusal_names_object_state_cause_dependents_and_remedy() {
        let function = Entry::parse("1; 1255 1 FUNCTION shop f() o").unwrap();
        let table = Entry::parse("2; 1259 2 TABLE shop t o").unwrap();
        let names = Names::from([
            (1, (&function, known("function shop.f()", false))),
            (2, (&table, known("table shop.t", true))),
        ]);
        let findings = findings(&[refusal("42501", &[2])], &names, &BTreeMap::new(), true).findings;
        assert_eq!(findings[0].severity, Severity::Blocker);
        assert_eq!(findings[0].object, "function shop.f()");
        assert_eq!(
            findings[0].message,
            "the target refuses it: permission denied for language c (SQLSTATE 42501); table shop.t needs it"
        );
        assert!(
            findings[0]
                .remedy
                .ends_with("while table shop.t is selected: --exclude shop.t"),
            "{findings:?}"
        );
    }

    #[test]
    fn what_no_selected_table_needs_may_be_left_out_by_one_word() {
        let function = Entry::parse("1; 1255 1 FUNCTION shop f() o").unwrap();
        let view = Entry::parse("2; 1259 2 VIEW shop v o").unwrap();
        let names = Names::from([
            (1, (&function, known("function shop.f()", false))),
            (2, (&view, known("view shop.v", false))),
        ]);
        let refusals = [refusal("42501", &[2])];
        let blocking = findings(&refusals, &names, &BTreeMap::new(), false);
        assert_eq!(blocking.findings[0].severity, Severity::Blocker);
        assert!(
            blocking.findings[0]
                .remedy
                .ends_with("--leave-out 'function shop.f()'"),
            "{blocking:?}"
        );
        let left_out = findings(&refusals, &names, &BTreeMap::new(), true);
        assert_eq!(left_out.findings[0].severity, Severity::Warning);
        assert_eq!(left_out.left_out, ["function shop.f()"]);
    }

    #[test]
    fn a_table_is_excluded_by_its_name_whatever_stands_in_it() {
        assert_eq!(excluded("table s.t"), "s.t");
        assert_eq!(excluded("foreign table \"a b\".\"c d\""), "\"a b\".\"c d\"");
        assert_eq!(excluded("table s.\"c d\""), "s.\"c d\"");
    }

    #[test]
    fn what_the_application_can_do_without_and_what_was_locked_is_no_blocker() {
        let trigger = Entry::parse("1; 3466 1 EVENT TRIGGER - e o").unwrap();
        let names = Names::from([(1, (&trigger, known("event trigger e", false)))]);
        assert_eq!(
            findings(&[refusal("42501", &[])], &names, &BTreeMap::new(), false).findings[0].severity,
            Severity::Warning
        );
        let view = Entry::parse("1; 1259 1 VIEW shop v o").unwrap();
        let names = Names::from([(1, (&view, known("view shop.v", false)))]);
        assert_eq!(
            findings(&[refusal("55P03", &[])], &names, &BTreeMap::new(), true).findings[0].severity,
            Severity::Warning
        );
    }
}
