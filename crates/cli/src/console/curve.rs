//! Curves of the last hours as SVG, drawn here so that a page needs no library of its own.
//!
//! Colours are the page's own, light or dark; the caption says in words what the curve shows. Where nobody measured there is
//! a gap, never a line.

use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea, IntoFont, LineSeries, RGBColor, SVGBackend, TextStyle,
};
use transhume_engine::status::Sample;

use crate::show::{
    series::{Points, lag, loading, points, rates},
    terminal::figures::{bytes, span, whole},
};

/// In the drawing's own units; a page scales it.
const SIZE: (u32, u32) = (560, 190);

/// Stand for what the page's style calls by name.
const INK: RGBColor = RGBColor(1, 1, 1);
const LINE: RGBColor = RGBColor(2, 2, 2);
const CURVES: [RGBColor; 2] = [RGBColor(3, 3, 3), RGBColor(4, 4, 4)];
const STYLES: [(&str, &str); 4] = [
    ("\"#010101\"", "\"var(--faint)\""),
    ("\"#020202\"", "\"var(--line)\""),
    ("\"#030303\"", "\"var(--curve)\""),
    ("\"#040404\"", "\"var(--second)\""),
];

/// What a value is, and how it is said.
#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    BytesPerSecond,
    Seconds,
    PerSecond,
    Percent,
}

struct Curve {
    title: &'static str,
    unit: Unit,
    lines: Vec<(&'static str, Vec<Points>)>,
}

/// All that there is something to draw of.
pub(super) fn all(samples: &[Sample], minutes: u32) -> Markup {
    let seconds = f64::from(minutes) * 60.0;
    let newest = samples
        .last()
        .map_or(0.0, |sample| sample.at + sample.age_seconds);
    let samples: Vec<&Sample> = samples
        .iter()
        .filter(|sample| newest - sample.at <= seconds)
        .collect();
    let curves = curves(&samples, newest);
    html! {
        div class="curves" {
            @for curve in &curves { (figure(curve, minutes)) }
            @if curves.is_empty() { p { "Nothing was measured in this time: the runner writes a sample every five seconds." } }
        }
    }
}

fn curves(samples: &[&Sample], newest: f64) -> Vec<Curve> {
    let value = |of: &dyn Fn(&Sample) -> Option<f64>| points(samples, newest, of);
    let rate = |of: &dyn Fn(&Sample) -> Option<i64>| rates(samples, newest, of);
    let all = vec![
        Curve {
            title: "Lag",
            unit: Unit::Bytes,
            lines: vec![("lag", value(&lag))],
        },
        Curve {
            title: "Latency",
            unit: Unit::Seconds,
            lines: vec![
                ("source to runner", value(&|sample| sample.receive_seconds)),
                ("runner to target", value(&|sample| sample.apply_seconds)),
            ],
        },
        Curve {
            title: "Changes a second",
            unit: Unit::PerSecond,
            lines: vec![("changes", rate(&|sample| sample.applied.map(|_| sample.changes)))],
        },
        Curve {
            title: "WAL a second",
            unit: Unit::BytesPerSecond,
            lines: vec![
                ("written", rate(&|sample| sample.source_wal_end)),
                ("applied", rate(&|sample| sample.applied)),
            ],
        },
        Curve {
            title: "WAL that the slot keeps",
            unit: Unit::Bytes,
            lines: vec![(
                "kept",
                value(&|sample| sample.slot_retained_bytes.map(|kept| kept as f64)),
            )],
        },
        Curve {
            title: "Full load",
            unit: Unit::Percent,
            lines: vec![("loaded", value(&loading))],
        },
    ];
    all.into_iter()
        .filter(|curve| {
            curve
                .lines
                .iter()
                .any(|(_, parts)| parts.iter().any(|part| part.len() > 1))
        })
        .collect()
}

fn figure(curve: &Curve, minutes: u32) -> Markup {
    let said = said(curve);
    html! {
        figure class="curve" {
            figcaption {
                strong { (curve.title) }
                @for (index, (name, parts)) in curve.lines.iter().enumerate() {
                    @if let Some((_, value)) = parts.last().and_then(|part| part.last()) {
                        span class=(if index == 0 { "key" } else { "key second" }) {
                            @if curve.lines.len() > 1 { (name) " " }
                            (worded(curve.unit, *value))
                        }
                    }
                }
            }
            @match drawn(curve, minutes) {
                Some(svg) => div role="img" aria-label=(said) { (PreEscaped(svg)) },
                None => p { (said) },
            }
        }
    }
}

/// In words, for who does not see it.
fn said(curve: &Curve) -> String {
    let lines = curve.lines.iter().filter_map(|(name, parts)| {
        let values = parts.iter().flatten().map(|(_, value)| *value);
        let highest = values.fold(0.0, f64::max);
        let (_, now) = parts.last()?.last()?;
        let (now, highest) = (worded(curve.unit, *now), worded(curve.unit, highest));
        Some(format!("{name}: {now} now, {highest} at most"))
    });
    format!("{}. {}", curve.title, lines.collect::<Vec<_>>().join("; "))
}

fn worded(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Bytes => bytes(value).to_string(),
        Unit::BytesPerSecond => format!("{}/s", bytes(value)),
        Unit::Seconds => span(value).to_string(),
        Unit::PerSecond => format!("{}/s", whole(value)),
        Unit::Percent => format!("{value:.0} %"),
    }
}

/// None where the drawing fails: the words stand alone then.
fn drawn(curve: &Curve, minutes: u32) -> Option<String> {
    let highest = curve.lines.iter().flat_map(|(_, parts)| parts.iter().flatten());
    let highest = highest.map(|(_, value)| *value).fold(0.0, f64::max);
    let scale = Scale::of(curve.unit, highest);
    let mut svg = String::new();
    draw(&mut svg, curve, minutes, &scale).ok()?;
    Some(
        STYLES
            .iter()
            .fold(svg, |svg, (colour, style)| svg.replace(colour, style)),
    )
}

fn draw(
    svg: &mut String,
    curve: &Curve,
    minutes: u32,
    scale: &Scale,
) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    // In the unit that is read, so that the marks are round.
    let (seconds, unit) = if minutes <= 120 {
        (60.0, "min")
    } else {
        (3_600.0, "h")
    };
    let times: Range<f64> = -f64::from(minutes) * 60.0 / seconds..0.0;
    let mut chart = ChartBuilder::on(&area)
        .margin(6)
        .margin_right(34)
        .x_label_area_size(26)
        .y_label_area_size(72)
        .build_cartesian_2d(times, 0.0..scale.top)?;
    let font: TextStyle<'_> = ("sans-serif", 17).into_font().color(&INK);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(LINE)
        .light_line_style(LINE.mix(0.0))
        .axis_style(LINE)
        .x_labels(5)
        .y_labels(4)
        .x_label_formatter(&|time| before_now(*time, unit))
        .y_label_formatter(&|value| scale.label(*value))
        .label_style(font)
        .draw()?;
    for ((_, parts), colour) in curve.lines.iter().zip(CURVES) {
        for part in parts {
            let scaled = part
                .iter()
                .map(|(time, value)| (*time / seconds, value / scale.unit));
            chart.draw_series(LineSeries::new(scaled, colour.stroke_width(2)))?;
        }
    }
    drop(chart);
    area.present()?;
    drop(area);
    Ok(())
}

fn before_now(time: f64, unit: &str) -> String {
    match (-time).round() {
        before if before < 1.0 => "now".to_owned(),
        before => format!("-{before:.0} {unit}"),
    }
}

/// An axis whose marks are round in the unit that is read.
struct Scale {
    unit: f64,
    name: &'static str,
    top: f64,
}

impl Scale {
    /// A curve that lies at nought is drawn all the same.
    fn of(unit: Unit, highest: f64) -> Self {
        const STEPS: [(f64, &str); 5] = [
            (1_099_511_627_776.0, "TB"),
            (1_073_741_824.0, "GB"),
            (1_048_576.0, "MB"),
            (1_024.0, "kB"),
            (1.0, "B"),
        ];
        let (unit, name) = match unit {
            Unit::Bytes | Unit::BytesPerSecond => STEPS
                .into_iter()
                .find(|(bytes, _)| highest >= *bytes)
                .unwrap_or((1.0, "B")),
            Unit::Seconds => (1.0, "s"),
            Unit::Percent => (1.0, "%"),
            Unit::PerSecond => (1.0, ""),
        };
        let top = (highest / unit * 1.1).max(1.0);
        Self { unit, name, top }
    }

    fn label(&self, value: f64) -> String {
        let decimals = usize::from(self.top < 5.0);
        format!("{value:.decimals$} {}", self.name).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::series::tests::samples;

    #[test]
    fn curves_are_drawn_in_the_colours_of_the_page_and_said_in_words() {
        let page = all(&samples(), 60).into_string();
        assert_eq!(page.matches("<svg").count(), 4, "{page}");
        for words in [
            "var(--curve)",
            "var(--second)",
            " min",
            "now",
            "500 MB",
            "runner to target 2.0 s",
        ] {
            assert!(page.contains(words), "no {words}: {page}");
        }
        for colour in ["#010101", "#020202", "#030303", "#040404", "style=\""] {
            assert!(!page.contains(colour), "{colour}: {page}");
        }
    }

    #[test]
    fn without_samples_it_says_so() {
        assert!(all(&[], 60).into_string().contains("Nothing was measured"));
    }
}
