//! What becomes of statements that alter the source's schema while it is followed.

use std::{fmt, str::FromStr};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum SchemaChanges {
    /// They announce what they leave behind, and the target is altered so at their place in the stream.
    Replicate,
    /// The stream waits before the first change that does not fit, with the statement to run on the target.
    #[default]
    Hold,
    /// The source refuses them.
    Refuse,
}

impl SchemaChanges {
    pub const ALL: [Self; 3] = [Self::Replicate, Self::Hold, Self::Refuse];

    pub fn name(self) -> &'static str {
        match self {
            Self::Replicate => "replicate",
            Self::Hold => "hold",
            Self::Refuse => "refuse",
        }
    }
}

impl fmt::Display for SchemaChanges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is none of replicate, hold and refuse")]
pub struct UnknownSchemaChanges(pub String);

impl FromStr for SchemaChanges {
    type Err = UnknownSchemaChanges;

    fn from_str(word: &str) -> Result<Self, UnknownSchemaChanges> {
        Self::ALL
            .into_iter()
            .find(|policy| policy.name() == word)
            .ok_or_else(|| UnknownSchemaChanges(word.to_owned()))
    }
}
