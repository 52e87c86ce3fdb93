//! The kinds of entries that pg_dump 12 to 18 writes.

/// What an entry is, as far as its treatment differs. `Other…` still restores faithfully: the section
/// follows from its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Settings of the archive itself; pg_restore handles them.
    Prologue,
    /// The database and its settings: only with `--create`, which we never use.
    Database,
    Schema,
    Extension,
    Relation,
    TableAttach,
    /// Any other object that is created before the data.
    OtherBeforeData,
    Data,
    Index,
    IndexAttach,
    Constraint,
    ForeignKey,
    Statistics,
    StatisticsData,
    Trigger,
    EventTrigger,
    Rule,
    Policy,
    RowSecurity,
    CheckConstraint,
    Publication,
    Subscription,
    Comment,
    SecurityLabel,
    Grant,
    DefaultGrant,
    LargeObject,
}

/// `DESC` words with the catalog that such entries carry (0: none) and the kind. A schema may be named
/// like the second word of a kind (`TABLE` in schema `ATTACH`), so both must fit; longest first.
const KINDS: &[(&str, &[u32], EntryKind)] = &[
    ("PUBLICATION TABLES IN SCHEMA", ANY, EntryKind::Publication),
    ("MATERIALIZED VIEW DATA", &[0], EntryKind::Data),
    ("TEXT SEARCH CONFIGURATION", ANY, EntryKind::OtherBeforeData),
    ("TEXT SEARCH DICTIONARY", ANY, EntryKind::OtherBeforeData),
    ("TEXT SEARCH TEMPLATE", ANY, EntryKind::OtherBeforeData),
    ("TEXT SEARCH PARSER", ANY, EntryKind::OtherBeforeData),
    ("FOREIGN DATA WRAPPER", ANY, EntryKind::OtherBeforeData),
    ("PROCEDURAL LANGUAGE", ANY, EntryKind::OtherBeforeData),
    ("DATABASE PROPERTIES", ANY, EntryKind::Database),
    ("SUBSCRIPTION TABLE", ANY, EntryKind::Subscription),
    ("PUBLICATION TABLE", ANY, EntryKind::Publication),
    ("SEQUENCE OWNED BY", &[0], EntryKind::OtherBeforeData),
    ("MATERIALIZED VIEW", &[1259], EntryKind::Relation),
    ("CHECK CONSTRAINT", ANY, EntryKind::CheckConstraint),
    ("OPERATOR FAMILY", &[2753], EntryKind::OtherBeforeData),
    ("STATISTICS DATA", &[0], EntryKind::StatisticsData),
    ("BLOB METADATA", ANY, EntryKind::LargeObject),
    ("OPERATOR CLASS", &[2616], EntryKind::OtherBeforeData),
    ("SECURITY LABEL", ANY, EntryKind::SecurityLabel),
    ("FK CONSTRAINT", ANY, EntryKind::ForeignKey),
    ("EVENT TRIGGER", ANY, EntryKind::EventTrigger),
    ("FOREIGN TABLE", &[1259], EntryKind::Relation),
    ("INDEX ATTACH", &[0], EntryKind::IndexAttach),
    ("ROW SECURITY", &[0], EntryKind::RowSecurity),
    ("SEQUENCE SET", &[0], EntryKind::Data),
    ("TABLE ATTACH", &[0], EntryKind::TableAttach),
    ("SUBSCRIPTION", ANY, EntryKind::Subscription),
    ("PUBLICATION", ANY, EntryKind::Publication),
    ("DEFAULT ACL", &[826], EntryKind::DefaultGrant),
    ("CONSTRAINT", ANY, EntryKind::Constraint),
    ("SEARCHPATH", ANY, EntryKind::Prologue),
    ("STDSTRINGS", ANY, EntryKind::Prologue),
    ("STATISTICS", &[3381], EntryKind::Statistics),
    ("TABLE DATA", &[0], EntryKind::Data),
    ("EXTENSION", ANY, EntryKind::Extension),
    ("ENCODING", ANY, EntryKind::Prologue),
    ("DATABASE", ANY, EntryKind::Database),
    ("SEQUENCE", &[1259], EntryKind::Relation),
    ("TRIGGER", ANY, EntryKind::Trigger),
    ("COMMENT", ANY, EntryKind::Comment),
    ("POLICY", ANY, EntryKind::Policy),
    ("SCHEMA", ANY, EntryKind::Schema),
    ("BLOBS", ANY, EntryKind::LargeObject),
    ("TABLE", &[1259], EntryKind::Relation),
    ("INDEX", &[1259], EntryKind::Index),
    ("BLOB", ANY, EntryKind::LargeObject),
    ("RULE", ANY, EntryKind::Rule),
    ("VIEW", &[1259], EntryKind::Relation),
    ("ACL", ANY, EntryKind::Grant),
];

/// The kind has no rival: the catalog is not looked at.
const ANY: &[u32] = &[];

impl EntryKind {
    /// Types, functions, operators, casts, defaults and whatever a later version adds are
    /// [`EntryKind::OtherBeforeData`].
    pub fn of(description: &str, class: u32) -> Self {
        KINDS
            .iter()
            .find(|(words, classes, _)| {
                description
                    .strip_prefix(words)
                    .is_some_and(|rest| rest.starts_with(' '))
                    && (classes.is_empty() || classes.contains(&class))
            })
            .map_or(Self::OtherBeforeData, |(_, _, kind)| *kind)
    }

    /// The first entry of such a kind begins the section after the data.
    pub fn begins_post_data(self) -> bool {
        matches!(
            self,
            Self::Index
                | Self::IndexAttach
                | Self::Constraint
                | Self::ForeignKey
                | Self::Statistics
                | Self::Trigger
                | Self::EventTrigger
                | Self::Rule
                | Self::Policy
                | Self::RowSecurity
                | Self::CheckConstraint
        )
    }

    /// A failure of such an entry loses no data and no behaviour that the application relies on for
    /// correctness: it is reported, and the restore goes on without it.
    pub fn may_fail(self) -> bool {
        matches!(self, Self::Comment | Self::SecurityLabel | Self::EventTrigger)
    }
}
