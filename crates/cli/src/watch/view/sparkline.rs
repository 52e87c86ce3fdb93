//! A curve in one line of text, or in a few where there is room. A column where nobody measured stays empty; a measured nought is
//! the lowest mark.

use crate::show::series::Points;

/// Seconds that a sparkline shows: what happened while one was away for a coffee.
pub(super) const SPAN: f64 = 900.0;
const MARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The highest of each column, scaled by the highest of all; from the top down.
pub(super) fn sparkline(parts: &[Points], columns: usize, lines: usize) -> Vec<String> {
    let mut highest: Vec<Option<f64>> = vec![None; columns];
    let each = SPAN / columns.max(1) as f64;
    for (at, value) in parts.iter().flatten() {
        let column = column(*at, each, columns);
        if let Some(column) = column.and_then(|column| highest.get_mut(column)) {
            *column = Some(column.unwrap_or(0.0).max(*value));
        }
    }
    let top = highest.iter().flatten().copied().fold(0.0, f64::max);
    let line = |above_ground: usize| {
        let marks = highest
            .iter()
            .map(|value| mark(*value, top, (above_ground, lines)));
        marks.collect()
    };
    (0..lines).rev().map(line).collect()
}

/// From the left; none for what is older than the span.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place on the screen, checked to be one"
)]
fn column(at: f64, each: f64, columns: usize) -> Option<usize> {
    let from_left = (SPAN + at.min(0.0)) / each;
    (from_left >= 0.0).then(|| (from_left as usize).min(columns.saturating_sub(1)))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "one of a few marks"
)]
fn mark(value: Option<f64>, top: f64, (above_ground, lines): (usize, usize)) -> char {
    let Some(value) = value else { return ' ' };
    let steps = (lines * MARKS.len() - 1) as f64;
    let share = if top > 0.0 { value / top } else { 0.0 };
    let height = 1 + (share.clamp(0.0, 1.0) * steps).round() as usize;
    match height.saturating_sub(above_ground * MARKS.len()) {
        0 => ' ',
        here => MARKS[here.min(MARKS.len()) - 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_at_the_right_and_gaps_stay_empty() {
        let parts = vec![
            vec![(-850.0, 4.0)],
            vec![(-150.0, 0.0), (-50.0, 8.0), (-40.0, 2.0)],
        ];
        assert_eq!(sparkline(&parts, 9, 1), ["▅      ▁█"]);
        assert_eq!(sparkline(&parts, 9, 2), ["▁       █", "█      ▁█"]);
        assert_eq!(sparkline(&[vec![(-1_000.0, 4.0)]], 3, 1), ["   "]);
        assert_eq!(sparkline(&[vec![(0.0, 0.0)]], 3, 2), ["   ", "  ▁"]);
        assert_eq!(sparkline(&[], 0, 1), [""]);
    }
}
