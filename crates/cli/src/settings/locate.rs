//! One value of the file with its place, and how it is read as what its key wants.
//!
//! The place is kept as a byte range; [`super::read`] turns it into line and column. A value is
//! never shown in an error: it could hold a password.

use std::{ops::Range, str::FromStr};

use toml::{
    Spanned,
    de::{DeString, DeValue},
};
use transhume_engine::{
    login::PasswordCommand,
    roles::RoleMap,
    selection::{Selection, check_left_out},
};

use super::expansion;
use crate::show::quantity::{Size, Span};

/// Looks an environment variable up.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is wrong, where in the text, and what to do instead of the key's usual hint.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) range: Range<usize>,
    pub(super) reason: String,
    pub(super) hint: Option<String>,
}

/// A value under a known key.
pub(super) struct Located<'a> {
    pub(super) value: &'a Spanned<DeValue<'a>>,
    pub(super) environment: Lookup<'a>,
}

impl Located<'_> {
    pub(super) fn text(&self) -> Result<String, Bad> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text.as_ref().to_owned()),
            _ => Err(self.wrong_form()),
        }
    }

    /// One of the words that the setting knows.
    pub(super) fn word<T: FromStr<Err: std::fmt::Display>>(&self) -> Result<T, Bad> {
        self.text()?.parse().map_err(|error| self.bad(format!("{error}")))
    }

    pub(super) fn words<T: FromStr<Err: std::fmt::Display>>(&self) -> Result<Vec<T>, Bad> {
        let DeValue::Array(items) = self.value.get_ref() else {
            return Err(self.wrong_form());
        };
        let environment = self.environment;
        items
            .iter()
            .map(|value| Located { value, environment }.word())
            .collect()
    }

    pub(super) fn url(&self) -> Result<String, Bad> {
        expansion::expand(&self.text()?, self.environment).map_err(|error| {
            let mut bad = self.bad(error.reason);
            bad.hint = Some(error.hint);
            bad
        })
    }

    /// A program and its arguments, as they are written.
    pub(super) fn command(&self) -> Result<String, Bad> {
        let line = self.text()?;
        PasswordCommand::parse(&line)
            .map(|_| line)
            .map_err(|error| self.bad(error.to_string()))
    }

    fn number(&self) -> Result<u64, Bad> {
        let DeValue::Integer(integer) = self.value.get_ref() else {
            return Err(self.wrong_form());
        };
        u64::from_str_radix(integer.as_str(), integer.radix())
            .map_err(|_| self.bad(format!("{integer} is not a whole number from 0 up")))
    }

    /// A whole number of the type that the setting has.
    pub(super) fn number_of<T: TryFrom<u64>>(&self) -> Result<T, Bad> {
        let number = self.number()?;
        T::try_from(number).map_err(|_| self.bad(format!("{number} is too much")))
    }

    pub(super) fn count<T: TryFrom<u64>>(&self) -> Result<T, Bad> {
        match self.number()? {
            0 => Err(self.bad("0 is too few")),
            _ => self.number_of(),
        }
    }

    /// A whole number is taken as bytes.
    pub(super) fn size(&self) -> Result<Size, Bad> {
        match self.value.get_ref() {
            DeValue::Integer(_) => self.number().map(Size),
            _ => self.text()?.parse().map_err(|error| self.bad(format!("{error}"))),
        }
    }

    pub(super) fn duration(&self) -> Result<Span, Bad> {
        self.text()?.parse().map_err(|error| self.bad(format!("{error}")))
    }

    pub(super) fn patterns(&self) -> Result<Vec<String>, Bad> {
        let DeValue::Array(items) = self.value.get_ref() else {
            return Err(self.wrong_form());
        };
        items
            .iter()
            .map(|value| {
                Located {
                    value,
                    environment: self.environment,
                }
                .pattern()
            })
            .collect()
    }

    /// Pairs of roles, as a table of TOML or as one text for each pair.
    pub(super) fn roles(&self) -> Result<RoleMap, Bad> {
        let DeValue::Table(pairs) = self.value.get_ref() else {
            return Err(self.wrong_form());
        };
        let environment = self.environment;
        let pair = |(from, to): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
            let to = Located {
                value: to,
                environment,
            };
            Ok((from.get_ref().as_ref().to_owned(), to.text()?))
        };
        pairs
            .iter()
            .map(pair)
            .collect::<Result<Vec<_>, _>>()
            .map(RoleMap::new)
    }

    /// Objects to be left out: one, or a list.
    pub(super) fn objects(&self) -> Result<Vec<String>, Bad> {
        let DeValue::Array(items) = self.value.get_ref() else {
            return Ok(vec![self.object()?]);
        };
        let located = |value| Located {
            value,
            environment: self.environment,
        };
        items.iter().map(|value| located(value).object()).collect()
    }

    fn object(&self) -> Result<String, Bad> {
        let object = self.text()?;
        check_left_out(&object)
            .map(|()| object)
            .map_err(|error| self.bad(format!("{error}")))
    }

    fn pattern(&self) -> Result<String, Bad> {
        let pattern = self.text()?;
        let selection = Selection {
            include: vec![pattern.clone()],
            ..Selection::default()
        };
        selection
            .selector()
            .map(|_| pattern)
            .map_err(|error| self.bad(format!("{error}")))
    }

    fn wrong_form(&self) -> Bad {
        self.bad(format!(
            "the value is of the wrong type ({})",
            self.value.get_ref().type_str()
        ))
    }

    fn bad(&self, reason: impl Into<String>) -> Bad {
        Bad {
            range: self.value.span(),
            reason: reason.into(),
            hint: None,
        }
    }
}

/// Line and column of a byte, both from 1; columns count characters, as editors do.
pub(super) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// The known word that an unknown one was most likely meant to be: at most two slips away,
/// and half of it right.
pub(super) fn nearest<'a>(word: &DeString<'_>, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (distance(word, name), name))
        .filter(|(slips, _)| *slips <= 2 && slips * 2 <= word.chars().count())
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's distance, by characters.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut costs: Vec<usize> = (0..=to.len()).collect();
    for (row, left) in from.chars().enumerate() {
        let mut diagonal = row;
        costs[0] = row + 1;
        for (column, right) in to.iter().enumerate() {
            let replace = diagonal + usize::from(left != *right);
            diagonal = costs[column + 1];
            costs[column + 1] = replace.min(diagonal + 1).min(costs[column] + 1);
        }
    }
    costs[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_editors_do() {
        let text = "a = 1\nü = 2\nb";
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, text.find('2').unwrap()), (2, 5));
        assert_eq!(line_and_column(text, text.len()), (3, 2));
    }

    #[test]
    fn a_slip_of_the_pen_finds_its_word() {
        let known = ["loaders", "builders", "part_size"];
        assert_eq!(nearest(&"loader".into(), known.into_iter()), Some("loaders"));
        assert_eq!(nearest(&"part-size".into(), known.into_iter()), Some("part_size"));
        assert_eq!(nearest(&"colour".into(), known.into_iter()), None);
        assert_eq!(nearest(&"bad".into(), ["load"].into_iter()), None, "half of it");
    }
}
