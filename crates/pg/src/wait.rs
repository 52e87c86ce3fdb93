//! Looking at a server again and again until a condition holds, or patience ends.
//!
//! Owns the deadline and the rest between two looks. Refuses to decide what the end of patience means: each waiting says that
//! itself, with what it saw last.

use std::time::Duration;

use tokio::time::Instant;

/// One waiting, from its first look on.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    end: Instant,
    every: Duration,
}

impl Wait {
    /// Looks `every` so often, for `patience` at most.
    pub fn up_to(patience: Duration, every: Duration) -> Self {
        Self {
            end: Instant::now() + patience,
            every,
        }
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Rests until the next look is due; false, without a rest, once patience is over.
    pub async fn rest(&self) -> bool {
        if self.is_over() {
            return false;
        }
        tokio::time::sleep(self.every).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rests_until_patience_is_over() {
        assert!(
            Wait::up_to(Duration::from_secs(3600), Duration::ZERO)
                .rest()
                .await
        );
        assert!(!Wait::up_to(Duration::ZERO, Duration::MAX).rest().await);
    }
}
