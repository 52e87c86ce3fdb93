//! In which encoding the values of rows travel.
//!
//! Owns the choice. They are best left in the source's own encoding all the way: the source then converts nothing, the target
//! converts what it must, and one value that it cannot take is an error of that row, not of the whole stream. Names travel in
//! the same messages and are read by us, so they must be the same bytes in both encodings.

/// What our sessions speak unless values need another: all that is not a row.
pub const USUAL: &str = "UTF8";

/// No encoding at all: a server that keeps text so neither checks nor converts its bytes.
pub const UNKNOWN: &str = "SQL_ASCII";

/// Two databases, as far as the choice depends on them. Encodings are named as servers print them.
#[derive(Debug, Clone, Copy)]
pub struct Databases<'a> {
    pub source: &'a str,
    pub target: &'a str,
    /// Schemas, tables, columns, types and labels of the source have names of ASCII letters only.
    pub names_are_ascii: bool,
    /// The target knows how to make its own encoding of the source's.
    pub target_converts: bool,
}

/// The encoding of sessions that read rows on the source or write them on the target.
pub fn carried(databases: Databases<'_>) -> &str {
    let Databases { source, target, .. } = databases;
    // Bytes of nobody knows what: names among them are read as UTF-8, and pass a target that keeps UTF-8 or anything.
    let names_pass = databases.names_are_ascii || (source == UNKNOWN && matches!(target, USUAL | UNKNOWN));
    let values_pass = source == target || source == UNKNOWN || target == UNKNOWN || databases.target_converts;
    if names_pass && values_pass { source } else { USUAL }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        source: &'static str,
        target: &'static str,
        names_are_ascii: bool,
        target_converts: bool,
    ) -> &'static str {
        carried(Databases {
            source,
            target,
            names_are_ascii,
            target_converts,
        })
    }

    #[test]
    fn equal_encodings_are_never_converted() {
        for encoding in ["UTF8", "SQL_ASCII", "LATIN1", "WIN1252", "EUC_JP"] {
            assert_eq!(of(encoding, encoding, true, false), encoding);
        }
    }

    #[test]
    fn the_target_converts_where_it_can() {
        assert_eq!(of("EUC_JP", "UTF8", true, true), "EUC_JP");
        assert_eq!(of("EUC_JP", "LATIN1", true, false), "UTF8");
        assert_eq!(of("UTF8", "LATIN1", true, true), "UTF8");
    }

    #[test]
    fn bytes_of_no_encoding_pass_as_they_are() {
        assert_eq!(of("SQL_ASCII", "UTF8", false, false), "SQL_ASCII");
        assert_eq!(of("SQL_ASCII", "SQL_ASCII", false, false), "SQL_ASCII");
        assert_eq!(of("LATIN1", "SQL_ASCII", true, false), "LATIN1");
    }

    #[test]
    fn names_that_are_not_ascii_are_read_as_utf_8() {
        assert_eq!(of("LATIN1", "LATIN1", false, false), "UTF8");
        assert_eq!(of("SQL_ASCII", "LATIN1", false, false), "UTF8");
    }
}
