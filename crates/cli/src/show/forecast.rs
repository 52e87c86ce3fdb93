//! The forecast of a move in words, for the terminal and the reports.

use std::time::Duration;

use transhume_engine::assess::MoveForecast;

use crate::show::quantity::{Size, Span};

/// `about 12 min 00 s: load 8 min 00 s, indexes 4 min 00 s, then catching up 30 s`.
pub(crate) fn duration(forecast: &MoveForecast) -> String {
    let catching_up = match forecast.catch_up_seconds {
        Some(seconds) => format!("then catching up {}", span(seconds)),
        None => "then it may not catch up, at what the source writes now".to_owned(),
    };
    format!(
        "about {}: load {}, indexes {}, {catching_up} (from a sample of {})",
        span(forecast.seconds()),
        span(forecast.load_seconds),
        span(forecast.build_seconds),
        size(forecast.sampled_bytes)
    )
}

/// What both sides need room for meanwhile.
pub(crate) fn needs(forecast: &MoveForecast) -> String {
    let limit = match forecast.wal_limit_bytes {
        None => String::new(),
        Some(limit) if forecast.exceeds_the_slot() => {
            format!(", MORE than the slot may keep ({})", size(limit))
        }
        Some(limit) => format!(" of the {} that the slot may keep", size(limit)),
    };
    format!(
        "{} on the target with head-room; WAL of the source {} an hour, {} by the end of the load{limit}",
        size(forecast.storage_bytes),
        size(forecast.wal_bytes_per_hour),
        size(forecast.wal_kept_bytes)
    )
}

pub(crate) fn span(seconds: f64) -> Span {
    Span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of bytes, never negative"
)]
fn size(bytes: f64) -> Size {
    Size(bytes as u64)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> MoveForecast {
        MoveForecast {
            load_seconds: 1_900.0,
            build_seconds: 500.0,
            catch_up_seconds: Some(20.2),
            load_bytes_per_second: 1e7,
            wal_bytes_per_hour: f64::from(1 << 30),
            wal_kept_bytes: f64::from(700 << 20),
            wal_limit_bytes: None,
            storage_bytes: f64::from(1 << 30) * 30.0,
            sampled_bytes: f64::from(64 << 20),
            streams: 4,
        }
    }

    #[test]
    fn a_forecast_is_two_lines() {
        assert_eq!(
            duration(&sample()),
            "about 40 min 00 s: load 31 min 40 s, indexes 8 min 20 s, then catching up 20 s (from a sample of 64.0 MB)"
        );
        let tight = MoveForecast {
            wal_limit_bytes: Some(f64::from(64 << 20)),
            ..sample()
        };
        assert_eq!(
            needs(&tight),
            "30.0 GB on the target with head-room; WAL of the source 1.00 GB an hour, 700 MB by the end of the load, MORE than \
             the slot may keep (64.0 MB)"
        );
    }
}
