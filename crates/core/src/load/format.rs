//! Whether a table is copied in PostgreSQL's binary format or as text.
//!
//! Text is right for every type. Binary costs both servers less, and is chosen only where every
//! type that a column reaches (through arrays, domains, composites and ranges) is known to mean the
//! same bytes on both sides. The reason for text is kept, for the plan.

use std::collections::{BTreeMap, HashSet};

/// OIDs below this belong to the server itself and are equal everywhere (`FirstNormalObjectId`).
pub const FIRST_USER_OID: u32 = 16384;

/// First major version whose receivers accept user-defined types inside arrays, composites and
/// ranges although their OIDs differ from the sender's.
const NESTED_USER_TYPES_SINCE: u32 = 14;

/// Base types of extensions whose binary form was tried between servers and is not tied to OIDs.
const SAFE_EXTENSIONS: [&str; 3] = ["citext", "hstore", "ltree"];

/// How the rows of one table travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatChoice {
    pub format: Format,
    /// One clause for the plan.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Binary,
}

impl Format {
    /// The word in `transhume.relation`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }
}

/// `pg_type.typtype`, with arrays told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    Base,
    Array,
    Composite,
    Domain,
    Enum,
    Range,
    Multirange,
}

/// What the source's catalogs say of one type.
#[derive(Debug, Clone)]
pub struct TypeFacts {
    pub oid: u32,
    pub name: String,
    pub kind: TypeKind,
    /// The extension that it came with.
    pub extension: Option<String>,
    /// It has both a send and a receive function.
    pub has_binary: bool,
    /// Types that its values hold: element, base, attributes, subtype.
    pub parts: Vec<u32>,
}

/// The two ends, as far as the format depends on them.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    pub source_major: u32,
    pub target_major: u32,
    pub same_encoding: bool,
}

/// Chooses for one table. `columns` are the names and type OIDs that are copied.
pub fn choose<'a>(
    columns: impl IntoIterator<Item = (&'a str, u32)>,
    types: &BTreeMap<u32, TypeFacts>,
    ends: Ends,
) -> FormatChoice {
    let text = |reason: String| FormatChoice {
        format: Format::Text,
        reason,
    };
    if !ends.same_encoding {
        return text("the two databases differ in their encoding".to_owned());
    }
    for (column, type_oid) in columns {
        let mut seen = HashSet::new();
        if let Some(obstacle) = obstacle(type_oid, types, ends, false, &mut seen) {
            return text(format!("column {}: {obstacle}", column.escape_debug()));
        }
    }
    FormatChoice {
        format: Format::Binary,
        reason: "every column's type has one binary form on both sides".to_owned(),
    }
}

/// What stands against binary in a type or in anything that it holds.
fn obstacle(
    oid: u32,
    types: &BTreeMap<u32, TypeFacts>,
    ends: Ends,
    nested: bool,
    seen: &mut HashSet<u32>,
) -> Option<String> {
    if !seen.insert(oid) {
        return None;
    }
    let Some(facts) = types.get(&oid) else {
        return Some(format!("nothing is known of the type with OID {oid}"));
    };
    if let Some(own) = own_obstacle(facts, ends, nested) {
        return Some(own);
    }
    let holds_others = !matches!(facts.kind, TypeKind::Domain | TypeKind::Base | TypeKind::Enum);
    facts
        .parts
        .iter()
        .find_map(|part| obstacle(*part, types, ends, nested || holds_others, seen))
}

fn own_obstacle(facts: &TypeFacts, ends: Ends, nested: bool) -> Option<String> {
    let TypeFacts { name, kind, .. } = facts;
    let of_the_server = facts.oid < FIRST_USER_OID;
    if !facts.has_binary {
        return Some(format!("the type {name} has no binary form"));
    }
    if nested && !of_the_server && ends.source_major.min(ends.target_major) < NESTED_USER_TYPES_SINCE {
        return Some(format!(
            "the user-defined type {name} inside another type needs version {NESTED_USER_TYPES_SINCE} on both sides"
        ));
    }
    if *kind != TypeKind::Base {
        return None;
    }
    match &facts.extension {
        _ if of_the_server && name.starts_with("reg") => Some(format!(
            "the binary form of {name} is an OID, which differs on the target"
        )),
        _ if of_the_server && name == "money" => {
            Some("the binary form of money depends on lc_monetary".to_owned())
        }
        // Its receive function refuses what its send function makes of an empty one (corrected in 2026-11).
        _ if of_the_server && name == "tsquery" => {
            Some("an empty tsquery cannot be read in its binary form".to_owned())
        }
        _ if of_the_server => None,
        Some(extension) if SAFE_EXTENSIONS.contains(&extension.as_str()) => None,
        Some(extension) => Some(format!(
            "the binary form of {name} is up to the version of the extension {extension}"
        )),
        None => Some(format!("the binary form of the base type {name} is not known")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: Ends = Ends {
        source_major: 15,
        target_major: 17,
        same_encoding: true,
    };

    fn facts(oid: u32, name: &str, kind: TypeKind, parts: &[u32]) -> (u32, TypeFacts) {
        let facts = TypeFacts {
            oid,
            name: name.to_owned(),
            kind,
            extension: None,
            has_binary: true,
            parts: parts.to_vec(),
        };
        (oid, facts)
    }

    fn types() -> BTreeMap<u32, TypeFacts> {
        let mut types = BTreeMap::from([
            facts(23, "integer", TypeKind::Base, &[]),
            facts(25, "text", TypeKind::Base, &[]),
            facts(790, "money", TypeKind::Base, &[]),
            facts(2205, "regclass", TypeKind::Base, &[]),
            facts(2210, "regclass[]", TypeKind::Array, &[2205]),
            facts(1033, "aclitem", TypeKind::Base, &[]),
            facts(20_000, "app.mood", TypeKind::Enum, &[]),
            facts(20_001, "app.mood[]", TypeKind::Array, &[20_000]),
            facts(20_002, "app.pointer", TypeKind::Composite, &[23, 20_003]),
            facts(20_003, "app.pointed", TypeKind::Domain, &[2210]),
            facts(20_004, "app.node", TypeKind::Composite, &[20_005]),
            facts(20_005, "app.node[]", TypeKind::Array, &[20_004]),
            facts(20_006, "public.citext", TypeKind::Base, &[]),
            facts(20_007, "public.geometry", TypeKind::Base, &[]),
            facts(20_008, "app.mood_domain", TypeKind::Domain, &[20_000]),
        ]);
        types.get_mut(&1033).unwrap().has_binary = false;
        types.get_mut(&20_006).unwrap().extension = Some("citext".to_owned());
        types.get_mut(&20_007).unwrap().extension = Some("postgis".to_owned());
        types
    }

    fn format(oid: u32, ends: Ends) -> Format {
        choose([("id", 23), ("x", oid)], &types(), ends).format
    }

    #[test]
    fn types_that_mean_the_same_bytes_everywhere_go_in_binary() {
        for oid in [25, 20_000, 20_001, 20_004, 20_006, 20_008] {
            assert_eq!(format(oid, ENDS), Format::Binary, "{oid}");
        }
    }

    #[test]
    fn what_carries_an_oid_or_has_no_binary_form_goes_as_text_at_any_depth() {
        for oid in [2205, 2210, 20_002, 20_003, 790, 1033, 20_007, 99_999] {
            assert_eq!(format(oid, ENDS), Format::Text, "{oid}");
        }
    }

    #[test]
    fn user_types_inside_others_need_a_receiver_that_accepts_foreign_oids() {
        let old = Ends {
            source_major: 13,
            ..ENDS
        };
        assert_eq!(format(20_001, old), Format::Text);
        assert_eq!(format(20_000, old), Format::Binary);
        assert_eq!(format(20_008, old), Format::Binary);
    }

    #[test]
    fn another_encoding_means_text_and_the_reason_says_so() {
        let ends = Ends {
            same_encoding: false,
            ..ENDS
        };
        let choice = choose([("id", 23)], &types(), ends);
        assert_eq!(choice.format, Format::Text);
        assert!(choice.reason.contains("encoding"));
    }
}
