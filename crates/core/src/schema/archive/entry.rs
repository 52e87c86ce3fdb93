//! One entry of the table of contents, and its reading from the line that pg_restore prints.

use std::collections::HashMap;

use super::EntryKind;

/// What pg_dump calls the shell of a type, which comes before the functions that the type is made of.
const SHELL: &str = "SHELL ";

/// An object as the source's catalogs number it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogObject {
    /// OID of the catalog, for example 1259 for pg_class.
    pub class: u32,
    pub oid: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub dump_id: i32,
    /// Class and OID 0 where the entry is no object of its own (comments, grants, attachments).
    pub object: CatalogObject,
    pub kind: EntryKind,
    /// Kind, schema, name and owner as pg_restore prints them: for people only.
    pub description: String,
    /// Dump ids that must be restored before it.
    pub depends_on: Vec<i32>,
}

/// A line of the table of contents that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the line \"{0}\" of the archive's table of contents")]
pub struct UnreadableLine(pub String);

impl Entry {
    /// Reads `dump-id; class-oid oid KIND schema name owner`.
    pub fn parse(line: &str) -> Result<Self, UnreadableLine> {
        let unreadable = || UnreadableLine(line.to_owned());
        let (dump_id, rest) = line.split_once("; ").ok_or_else(unreadable)?;
        let (class, rest) = rest.split_once(' ').ok_or_else(unreadable)?;
        let (oid, description) = rest.split_once(' ').ok_or_else(unreadable)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| unreadable());
        let object = CatalogObject {
            class: number(class)?,
            oid: number(oid)?,
        };
        Ok(Self {
            dump_id: dump_id.parse().map_err(|_| unreadable())?,
            object,
            kind: EntryKind::of(description, object.class),
            description: description.trim_end().to_owned(),
            depends_on: Vec::new(),
        })
    }
}

/// pg_dump writes the shell of a type as no object of its own: what becomes of the type becomes of its shell.
pub fn join_shells_to_types(entries: &mut [Entry]) {
    let types: HashMap<String, CatalogObject> = entries
        .iter()
        .filter(|entry| entry.description.starts_with("TYPE "))
        .map(|entry| (entry.description.clone(), entry.object))
        .collect();
    for entry in entries.iter_mut().filter(|entry| entry.object.class == 0) {
        let of_type = entry.description.strip_prefix(SHELL);
        if let Some(object) = of_type.and_then(|name| types.get(name)) {
            entry.object = *object;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_the_object_of_its_type() {
        let mut entries: Vec<Entry> = [
            "1; 0 0 SHELL TYPE s a o",
            "2; 1247 16401 TYPE s a o",
            "3; 0 0 SHELL TYPE s b o",
            "4; 0 0 COMMENT s TYPE a o",
        ]
        .map(|line| Entry::parse(line).expect("it is a line"))
        .into();
        join_shells_to_types(&mut entries);
        assert_eq!(entries[0].object, entries[1].object);
        assert_eq!((entries[2].object.class, entries[3].object.class), (0, 0));
    }
}
