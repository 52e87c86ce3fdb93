//! The same thing of the source and of the target: two values that belong together and must not change places.

/// Made and read by name, so that nobody has to remember which came first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sides<T> {
    pub source: T,
    pub target: T,
}

impl<T> Sides<T> {
    pub fn as_ref(&self) -> Sides<&T> {
        Sides {
            source: &self.source,
            target: &self.target,
        }
    }
}
