//! Samples as lines over time, for curves and sparklines. Where nobody measured there is a gap, never a line.

use transhume_engine::status::Sample;

/// Seconds between two samples from which on nobody measured: samples of a minute are the thinnest.
const GAP: f64 = 150.0;

/// Seconds from now, below zero, and a value each.
pub(crate) type Points = Vec<(f64, f64)>;

pub(crate) fn lag(sample: &Sample) -> Option<f64> {
    Some(sample.source_wal_end?.saturating_sub(sample.applied?).max(0) as f64)
}

/// While it is under way; what is done needs no curve.
pub(crate) fn loading(sample: &Sample) -> Option<f64> {
    let is_under_way = matches!(sample.phase.as_str(), "pre-data" | "full-load" | "post-data");
    sample
        .load_share
        .filter(|_| is_under_way)
        .map(|share| share * 100.0)
}

/// Lines without gaps, over seconds before now.
pub(crate) fn points(samples: &[&Sample], newest: f64, of: &dyn Fn(&Sample) -> Option<f64>) -> Vec<Points> {
    let mut parts: Vec<Points> = vec![Vec::new()];
    let mut before = None;
    for sample in samples {
        let Some(value) = of(sample) else {
            before = None;
            continue;
        };
        if before.is_none_or(|before| sample.at - before > GAP) {
            parts.push(Vec::new());
        }
        before = Some(sample.at);
        if let Some(part) = parts.last_mut() {
            part.push((sample.at - newest, value));
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Between each two samples; what went backwards began anew.
pub(crate) fn rates(samples: &[&Sample], newest: f64, of: &dyn Fn(&Sample) -> Option<i64>) -> Vec<Points> {
    let mut parts: Vec<Points> = vec![Vec::new()];
    for pair in samples.windows(2) {
        let [before, after] = pair else { continue };
        let time = after.at - before.at;
        match of(before).zip(of(after)) {
            Some((from, to)) if time > 0.0 && time <= GAP => {
                let rate = to.saturating_sub(from).max(0) as f64 / time;
                if let Some(part) = parts.last_mut() {
                    part.push((after.at - newest, rate));
                }
            }
            _ => parts.push(Vec::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Two stretches with a gap between them: 100 changes and 1,000,000 bytes of lag more each second.
    pub(crate) fn samples() -> Vec<Sample> {
        let at = |second: i32| Sample {
            at: f64::from(second),
            age_seconds: 1_000.0 - f64::from(second),
            phase: "follow".to_owned(),
            source_wal_end: Some(i64::from(second) * 3_000_000),
            received: Some(0),
            applied: Some(i64::from(second) * 2_000_000),
            receive_seconds: Some(0.5),
            apply_seconds: Some(2.0),
            transactions: 0,
            changes: i64::from(second) * 100,
            slot_retained_bytes: None,
            rows_loaded: 0,
            bytes_loaded: 0,
            load_share: Some(1.0),
        };
        (0..100).chain(600..1_000).step_by(5).map(at).collect()
    }

    #[test]
    fn where_nobody_measured_there_is_a_gap() {
        let samples = samples();
        let samples: Vec<&Sample> = samples.iter().collect();
        assert_eq!(points(&samples, 1_000.0, &lag).len(), 2);
        let rates = rates(&samples, 1_000.0, &|sample| Some(sample.changes));
        assert_eq!(rates.len(), 2);
        assert!(
            rates
                .iter()
                .flatten()
                .all(|(_, rate)| (*rate - 100.0).abs() < 0.01)
        );
    }
}
