//! A set of columns by their index in a relation: part of every statement's key.

/// Bits of one word of a set.
const WORD_BITS: usize = u64::BITS as usize;

/// Indices below PostgreSQL's 1,600 columns; the first 64 need no allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ColumnSet {
    low: u64,
    /// Words for indices from 64 on; never ends with a zero word, so that equal sets are equal values.
    high: Vec<u64>,
}

impl ColumnSet {
    pub fn insert(&mut self, index: usize) {
        let bit = 1 << (index % WORD_BITS);
        match (index / WORD_BITS).checked_sub(1) {
            None => self.low |= bit,
            Some(word) => {
                if self.high.len() <= word {
                    self.high.resize(word + 1, 0);
                }
                self.high[word] |= bit;
            }
        }
    }

    pub fn contains(&self, index: usize) -> bool {
        let word = match (index / WORD_BITS).checked_sub(1) {
            None => self.low,
            Some(word) => self.high.get(word).copied().unwrap_or(0),
        };
        word & (1 << (index % WORD_BITS)) != 0
    }

    pub fn is_empty(&self) -> bool {
        self.low == 0 && self.high.is_empty()
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..WORD_BITS * (1 + self.high.len())).filter(|index| self.contains(*index))
    }
}

impl FromIterator<usize> for ColumnSet {
    fn from_iter<I: IntoIterator<Item = usize>>(indices: I) -> Self {
        let mut set = Self::default();
        for index in indices {
            set.insert(index);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_back_in_order() {
        let set: ColumnSet = [1599, 0, 64, 63].into_iter().collect();

        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 1599]);
        assert!(set.contains(64) && !set.contains(65) && !set.contains(5000));
    }
}
