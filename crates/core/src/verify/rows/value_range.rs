//! Ranges of values that the table holds, and how an index in another order is asked for one.

use super::{Order, SpreadColumn};

/// From these values of the spread's columns on, up to those; open where there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueRange {
    pub from: Option<Vec<String>>,
    pub to: Option<Vec<String>>,
    /// The index is asked for all texts that begin as both ends do, where asking it for what lies between them has
    /// not found all: capitals and accents are elsewhere in a language's order than in that of bytes.
    pub is_widened: bool,
}

/// Texts of one column that begin alike, in the order of about any language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// The number of the column.
    pub column: usize,
    pub from: String,
    pub below: String,
}

impl ValueRange {
    /// In how many of the first columns both ends are the same.
    pub fn alike(&self) -> usize {
        self.ends().map_or(0, |(from, to)| {
            from.iter().zip(to).take_while(|(from, to)| from == to).count()
        })
    }

    /// What a widened range asks the index for, beyond the columns that are alike; none where that would be everything,
    /// or where the order is that of the index anyway.
    pub fn beginning(&self, columns: &[SpreadColumn]) -> Option<Beginning> {
        let (from, to) = self.ends()?;
        let column = self.alike();
        if !matches!(columns.get(column)?.order, Order::Text | Order::Padded) {
            return None;
        }
        let letters = from[column].chars().zip(to[column].chars());
        let shared: String = letters
            .take_while(|(from, to)| from == to)
            .map(|(letter, _)| letter)
            .collect();
        let (from, below) = successor(shared)?;
        Some(Beginning { column, from, below })
    }

    fn ends(&self) -> Option<(&Vec<String>, &Vec<String>)> {
        self.from.as_ref().zip(self.to.as_ref())
    }
}

/// A beginning, shortened to where it ends with a letter or digit that another one follows, and that other beginning.
fn successor(mut beginning: String) -> Option<(String, String)> {
    while let Some(last) = beginning.pop() {
        let next = match last {
            '0'..='8' | 'a'..='y' | 'A'..='Y' => char::from_u32(u32::from(last) + 1),
            '9' => Some('a'),
            _ => None,
        };
        if let Some(next) = next {
            return Some((format!("{beginning}{last}"), format!("{beginning}{next}")));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beginning(from: &str, to: &str) -> Option<(String, String)> {
        let range = ValueRange {
            from: Some(vec!["5".to_owned(), from.to_owned()]),
            to: Some(vec!["5".to_owned(), to.to_owned()]),
            is_widened: true,
        };
        let column = |order| SpreadColumn {
            name: "c".to_owned(),
            order,
        };
        let columns = [column(Order::Bytes), column(Order::Text)];
        let beginning = range.beginning(&columns)?;
        assert_eq!(beginning.column, 1);
        Some((beginning.from, beginning.below))
    }

    #[test]
    fn texts_that_begin_as_both_ends_are_before_the_next_beginning() {
        let both = |from: &str, below: &str| Some((from.to_owned(), below.to_owned()));
        assert_eq!(
            beginning("customer-3X", "customer-3b"),
            both("customer-3", "customer-4")
        );
        assert_eq!(
            beginning("customer-9X", "customer-9b"),
            both("customer-9", "customer-a")
        );
        assert_eq!(
            beginning("customer-X", "customer-b"),
            both("customer", "customes")
        );
        assert_eq!(beginning("azZ", "aza"), both("a", "b"));
        assert_eq!(beginning("zéX", "zéa"), None, "that would be nearly all");
        assert_eq!(beginning("X", "a"), None);
    }

    #[test]
    fn an_open_range_has_no_beginning() {
        let range = ValueRange {
            to: Some(vec!["b".to_owned()]),
            ..ValueRange::default()
        };
        let columns = [SpreadColumn {
            name: "c".to_owned(),
            order: Order::Text,
        }];
        assert_eq!((range.alike(), range.beginning(&columns)), (0, None));
    }
}
