//! A limit of bytes per second, shared by all who copy.
//!
//! Who takes more than there is goes into debt and waits until it is paid: the sum never exceeds
//! the rate by more than one gathered read for each who shares it.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How much may be saved up while nobody copies, in seconds of the rate.
const BURST_SECONDS: f64 = 0.1;

#[derive(Debug)]
pub struct RateLimit {
    /// 0 is no limit.
    bytes_per_second: AtomicU64,
    account: Mutex<Account>,
}

#[derive(Debug)]
struct Account {
    balance: f64,
    at: Instant,
}

impl RateLimit {
    /// 0 is no limit.
    pub fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: AtomicU64::new(bytes_per_second),
            account: Mutex::new(Account {
                balance: 0.0,
                at: Instant::now(),
            }),
        }
    }

    /// Changes the rate for what comes next.
    pub fn set(&self, bytes_per_second: u64) {
        self.bytes_per_second.store(bytes_per_second, Ordering::Relaxed);
    }

    /// Books `bytes` and waits until the account is even.
    pub async fn take(&self, bytes: usize) {
        let wait = self.debit(bytes, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Books `bytes`; gives how long to wait for the account to be even again.
    fn debit(&self, bytes: usize, now: Instant) -> Duration {
        let rate = self.bytes_per_second.load(Ordering::Relaxed) as f64;
        if rate == 0.0 {
            return Duration::ZERO;
        }
        // A panic elsewhere cannot leave two numbers half written.
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        let earned = now.saturating_duration_since(account.at).as_secs_f64() * rate;
        account.balance = (account.balance + earned).min(rate * BURST_SECONDS) - bytes as f64;
        account.at = now;
        Duration::from_secs_f64((-account.balance / rate).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debts_are_waited_for_and_savings_are_limited() {
        let limit = RateLimit::new(1_000);
        let start = limit.account.lock().unwrap().at;
        assert_eq!(limit.debit(500, start).as_millis(), 500);
        assert_eq!(limit.debit(500, start).as_millis(), 1_000);
        let later = start + Duration::from_secs(60);
        assert_eq!(limit.debit(100, later), Duration::ZERO);
        assert_eq!(limit.debit(100, later).as_millis(), 100);
        limit.set(0);
        assert_eq!(limit.debit(1 << 30, later), Duration::ZERO);
    }
}
