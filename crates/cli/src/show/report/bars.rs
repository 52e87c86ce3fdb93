//! Steps that follow each other as bars one below the other, each where its step begins.
//!
//! Knows no report: a forecast is drawn like a cutover that was.

use maud::{Markup, html};

/// One step on the time axis, in milliseconds.
pub(super) struct Bar<'a> {
    pub(super) name: &'a str,
    pub(super) from: f64,
    pub(super) takes: f64,
}

pub(super) fn bars<'a>(steps: impl Iterator<Item = (&'a str, f64)>) -> Vec<Bar<'a>> {
    let mut from = 0.0;
    let steps = steps.map(|(name, takes)| {
        let bar = Bar { name, from, takes };
        from += takes;
        bar
    });
    steps.collect()
}

/// Widths in the drawing's own units.
const LABELS: f64 = 300.0;
const AXIS: f64 = 520.0;
const FIGURES: f64 = 90.0;
const ROW: f64 = 26.0;
/// A step too short to be seen is still drawn.
const THINNEST: f64 = 1.5;

pub(crate) fn drawing(steps: &[(String, f64)]) -> Markup {
    let bars = bars(steps.iter().map(|(name, takes)| (name.as_str(), *takes)));
    let total = bars.last().map_or(1.0, |bar| bar.from + bar.takes).max(0.1);
    let height = ROW * (bars.len() as f64 + 1.5);
    let place = |milliseconds: f64| LABELS + milliseconds / total * AXIS;
    html! {
        svg viewBox=(format!("0 0 {} {height}", LABELS + AXIS + FIGURES)) role="img"
            aria-label=(format!("Timeline of the write pause, {total:.0} milliseconds")) {
            @for mark in marks(total) {
                line x1=(place(mark)) x2=(place(mark)) y1=(ROW) y2=(height) class="grid" {}
                text x=(place(mark)) y=(ROW * 0.6) class="axis" { (format!("{mark:.0} ms")) }
            }
            @for (row, bar) in bars.iter().enumerate() {
                @let top = ROW * (row as f64 + 1.2);
                text x=(LABELS - 12.0) y=(top + ROW * 0.55) class="label" { (bar.name) }
                rect x=(place(bar.from)) y=(top) width=((bar.takes / total * AXIS).max(THINNEST))
                    height=(ROW * 0.7) class="bar" {}
                text x=(place(bar.from + bar.takes) + 6.0) y=(top + ROW * 0.55) class="figure" {
                    (format!("{:.1}", bar.takes))
                }
            }
        }
    }
}

/// Round numbers, about five of them.
fn marks(total: f64) -> Vec<f64> {
    let rough = total / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(rough)
        .max(1.0);
    std::iter::successors(Some(0.0), |mark| Some(mark + step))
        .take_while(|mark| *mark <= total)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_has_a_few_round_marks() {
        assert_eq!(marks(46.0), [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(marks(1.0), [0.0, 1.0]);
        assert!(marks(98_765.0).len() <= 6);
    }
}
