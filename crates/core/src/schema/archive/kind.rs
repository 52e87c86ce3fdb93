//! The kinds of entries that pg_dump 12 to 18 writes.

/// What an entry is, as far as its treatment differs. `Other…` still restores faithfully: the section
/// follows from its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
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
const KINDS: &[(&str, &[u32], Kind)] = &[
    ("PUBLICATION TABLES IN SCHEMA", ANY, Kind::Publication),
    ("MATERIALIZED VIEW DATA", &[0], Kind::Data),
    ("TEXT SEARCH CONFIGURATION", ANY, Kind::OtherBeforeData),
    ("TEXT SEARCH DICTIONARY", ANY, Kind::OtherBeforeData),
    ("TEXT SEARCH TEMPLATE", ANY, Kind::OtherBeforeData),
    ("TEXT SEARCH PARSER", ANY, Kind::OtherBeforeData),
    ("FOREIGN DATA WRAPPER", ANY, Kind::OtherBeforeData),
    ("PROCEDURAL LANGUAGE", ANY, Kind::OtherBeforeData),
    ("DATABASE PROPERTIES", ANY, Kind::Database),
    ("SUBSCRIPTION TABLE", ANY, Kind::Subscription),
    ("PUBLICATION TABLE", ANY, Kind::Publication),
    ("SEQUENCE OWNED BY", &[0], Kind::OtherBeforeData),
    ("MATERIALIZED VIEW", &[1259], Kind::Relation),
    ("CHECK CONSTRAINT", ANY, Kind::CheckConstraint),
    ("OPERATOR FAMILY", &[2753], Kind::OtherBeforeData),
    ("STATISTICS DATA", &[0], Kind::StatisticsData),
    ("BLOB METADATA", ANY, Kind::LargeObject),
    ("OPERATOR CLASS", &[2616], Kind::OtherBeforeData),
    ("SECURITY LABEL", ANY, Kind::SecurityLabel),
    ("FK CONSTRAINT", ANY, Kind::ForeignKey),
    ("EVENT TRIGGER", ANY, Kind::EventTrigger),
    ("FOREIGN TABLE", &[1259], Kind::Relation),
    ("INDEX ATTACH", &[0], Kind::IndexAttach),
    ("ROW SECURITY", &[0], Kind::RowSecurity),
    ("SEQUENCE SET", &[0], Kind::Data),
    ("TABLE ATTACH", &[0], Kind::TableAttach),
    ("SUBSCRIPTION", ANY, Kind::Subscription),
    ("PUBLICATION", ANY, Kind::Publication),
    ("DEFAULT ACL", &[826], Kind::DefaultGrant),
    ("CONSTRAINT", ANY, Kind::Constraint),
    ("SEARCHPATH", ANY, Kind::Prologue),
    ("STDSTRINGS", ANY, Kind::Prologue),
    ("STATISTICS", &[3381], Kind::Statistics),
    ("TABLE DATA", &[0], Kind::Data),
    ("EXTENSION", ANY, Kind::Extension),
    ("ENCODING", ANY, Kind::Prologue),
    ("DATABASE", ANY, Kind::Database),
    ("SEQUENCE", &[1259], Kind::Relation),
    ("TRIGGER", ANY, Kind::Trigger),
    ("COMMENT", ANY, Kind::Comment),
    ("POLICY", ANY, Kind::Policy),
    ("SCHEMA", ANY, Kind::Schema),
    ("BLOBS", ANY, Kind::LargeObject),
    ("TABLE", &[1259], Kind::Relation),
    ("INDEX", &[1259], Kind::Index),
    ("BLOB", ANY, Kind::LargeObject),
    ("RULE", ANY, Kind::Rule),
    ("VIEW", &[1259], Kind::Relation),
    ("ACL", ANY, Kind::Grant),
];

/// The kind has no rival: the catalog is not looked at.
const ANY: &[u32] = &[];

impl Kind {
    /// Types, functions, operators, casts, defaults and whatever a later version adds are
    /// [`Kind::OtherBeforeData`].
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
