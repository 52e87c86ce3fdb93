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

/// Lengths in the drawing's own units.
struct Layout {
    class: &'static str,
    /// For the names, left of the bars; where it is 0 each name stands above its bar.
    labels: f64,
    axis: f64,
    row: f64,
}

const WIDE: Layout = Layout {
    class: "wide",
    labels: 300.0,
    axis: 520.0,
    row: 26.0,
};
/// For a telephone: about one unit a pixel.
const NARROW: Layout = Layout {
    class: "narrow",
    labels: 0.0,
    axis: 320.0,
    row: 44.0,
};
/// For the figure behind the last bar.
const FIGURES: f64 = 90.0;
const THICKNESS: f64 = 18.0;
/// A step too short to be seen is still drawn.
const THINNEST: f64 = 1.5;

/// Drawn for a wide and for a narrow page; the style shows one of them.
pub(crate) fn drawing(steps: &[(String, f64)]) -> Markup {
    let bars = bars(steps.iter().map(|(name, takes)| (name.as_str(), *takes)));
    let total = bars.last().map_or(1.0, |bar| bar.from + bar.takes).max(0.1);
    html! {
        div class="bars" {
            @for layout in [WIDE, NARROW] { (drawn(&bars, total, &layout)) }
        }
    }
}

fn drawn(bars: &[Bar<'_>], total: f64, layout: &Layout) -> Markup {
    let is_above = layout.labels == 0.0;
    let head = WIDE.row;
    let height = layout.row * bars.len() as f64 + head + 8.0;
    let place = |milliseconds: f64| layout.labels + milliseconds / total * layout.axis;
    let width = layout.labels + layout.axis + FIGURES;
    html! {
        svg class=(layout.class) viewBox=(format!("0 0 {width} {height}")) role="img"
            aria-label=(format!("Timeline of the write pause, {total:.0} milliseconds")) {
            @for mark in marks(total) {
                line x1=(place(mark)) x2=(place(mark)) y1=(head) y2=(height) class="grid" {}
                @if mark > 0.0 || !is_above { text x=(place(mark)) y=(head * 0.6) class="axis" { (format!("{mark:.0} ms")) } }
            }
            @for (row, bar) in bars.iter().enumerate() {
                @let from = head + layout.row * row as f64 + 4.0;
                @let top = if is_above { from + layout.row - THICKNESS - 4.0 } else { from };
                @let (x, y) = if is_above { (2.0, top - 5.0) } else { (layout.labels - 12.0, top + 14.0) };
                text x=(x) y=(y) class="label" { (bar.name) }
                rect x=(place(bar.from)) y=(top) width=((bar.takes / total * layout.axis).max(THINNEST))
                    height=(THICKNESS) class="bar" {}
                text x=(place(bar.from + bar.takes) + 6.0) y=(top + 14.0) class="figure" {
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
