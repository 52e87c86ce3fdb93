//! One entry of the table of contents, and its reading from the line that pg_restore prints.

use super::EntryKind;

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
