//! The views of a migration, which the terminal program and the web console show alike, by the same names.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    Tables,
    Findings,
    Verification,
    Cutover,
    History,
}

impl Tab {
    pub(crate) const ALL: [Self; 6] = [
        Self::Overview,
        Self::Tables,
        Self::Findings,
        Self::Verification,
        Self::Cutover,
        Self::History,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Tables => "Tables",
            Self::Findings => "Findings",
            Self::Verification => "Verification",
            Self::Cutover => "Cutover",
            Self::History => "History",
        }
    }
}
