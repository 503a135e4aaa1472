//! The lines that a run prints: what was measured, the baseline, the bar, and whether it is met.
//!
//! Numbers in, text on stdout out. What a figure means is said by the benchmark that makes it.

use std::fmt;

/// A number with its unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Quantity {
    Seconds(f64),
    PerSecond(f64),
    Bytes(f64),
    Times(f64),
    Count(f64),
}

/// What a figure is held against.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    /// The baseline takes at least this many times as long.
    Faster(f64),
    /// It takes at most this many times as long as the baseline.
    Within(f64),
    /// It takes at most this many seconds more than the baseline.
    Over(f64),
    /// It is at most this much.
    AtMost(Quantity),
    /// It is at least this much.
    AtLeast(Quantity),
}

/// One line of a report.
pub(crate) struct Figure<'a> {
    pub(crate) name: &'a str,
    pub(crate) ours: Quantity,
    /// What it is compared with, measured in the same run.
    pub(crate) baseline: Option<Quantity>,
    pub(crate) bar: Bar,
}

/// Begins the report of a benchmark.
pub(crate) fn title(name: &str, what: &str) {
    println!("\n{name}: {what}");
}

/// Says something about how the figures came about.
pub(crate) fn note(text: impl fmt::Display) {
    println!("  {text}");
}

/// Prints a figure.
pub(crate) fn figure(figure: &Figure<'_>) {
    println!("{figure}");
}

impl Figure<'_> {
    /// How it stands to the baseline, in the terms of the bar, and whether that meets the bar.
    fn judge(&self) -> (Option<Quantity>, bool) {
        let (ours, baseline) = (self.ours.value(), self.baseline.map_or(f64::NAN, Quantity::value));
        match self.bar {
            Bar::Faster(times) => {
                (Some(Quantity::Times(baseline / ours)), baseline / ours >= times)
            }
            Bar::Within(times) => {
                (Some(Quantity::Times(ours / baseline)), ours / baseline <= times)
            }
            Bar::Over(most) => (Some(Quantity::Seconds(ours - baseline)), ours - baseline <= most),
            Bar::AtMost(most) => (None, ours <= most.value()),
            Bar::AtLeast(least) => (None, ours >= least.value()),
        }
    }
}

impl fmt::Display for Figure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (relation, is_met) = self.judge();
        let relation = relation.map(|r| match self.bar {
            Bar::Faster(_) => format!("{r} faster"),
            Bar::Within(_) => format!("{r} as long"),
            _ => format!("{r} more"),
        });
        let baseline = self.baseline.map_or(String::new(), |b| format!("against {b}"));
        let verdict = if is_met { "met" } else { "NOT met" };
        write!(
            f,
            "  {:<34} {:>9}  {:<17}  {:<15}  bar: {:<18}  {verdict}",
            self.name,
            self.ours.to_string(),
            baseline,
            relation.unwrap_or_default(),
            self.bar.to_string(),
        )
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Bar::Faster(times) => write!(f, "{} faster", Quantity::Times(times)),
            Bar::Within(times) => write!(f, "{} as long", Quantity::Times(times)),
            Bar::Over(seconds) => write!(f, "{} more", Quantity::Seconds(seconds)),
            Bar::AtMost(most) => write!(f, "at most {most}"),
            Bar::AtLeast(least) => write!(f, "at least {least}"),
        }
    }
}

impl Quantity {
    fn value(self) -> f64 {
        match self {
            Quantity::Seconds(v) | Quantity::PerSecond(v) => v,
            Quantity::Bytes(v) | Quantity::Times(v) | Quantity::Count(v) => v,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match *self {
            Quantity::Seconds(v) if v.abs() < 1e-6 => (v * 1e9, " ns"),
            Quantity::Seconds(v) if v.abs() < 1e-3 => (v * 1e6, " us"),
            Quantity::Seconds(v) if v.abs() < 1.0 => (v * 1e3, " ms"),
            Quantity::Seconds(v) => (v, " s"),
            Quantity::PerSecond(v) => return write!(f, "{v:.0}/s"),
            Quantity::Count(v) => return write!(f, "{v:.0}"),
            Quantity::Bytes(v) if v.abs() < 1e6 => (v / 1024.0, " KiB"),
            Quantity::Bytes(v) => (v / 1e6, " MB"),
            Quantity::Times(v) => (v, "x"),
        };
        let decimals = match value.abs() {
            v if v >= 100.0 => 0,
            v if v >= 10.0 => 1,
            _ => 2,
        };
        write!(f, "{value:.decimals$}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_met(ours: f64, baseline: f64, bar: Bar) -> bool {
        let (ours, baseline) = (Quantity::Seconds(ours), Some(Quantity::Seconds(baseline)));
        Figure { name: "", ours, baseline, bar }.judge().1
    }

    #[test]
    fn bars_are_met_or_not() {
        assert!(is_met(1.0, 2.0, Bar::Faster(2.0)));
        assert!(!is_met(1.1, 2.0, Bar::Faster(2.0)));
        assert!(is_met(3.0, 2.0, Bar::Within(1.5)));
        assert!(!is_met(3.1, 2.0, Bar::Within(1.5)));
        assert!(is_met(3.0, 2.5, Bar::Over(0.5)));
        assert!(!is_met(3.1, 2.5, Bar::Over(0.5)));
        assert!(!is_met(1.0, 0.0, Bar::AtMost(Quantity::Seconds(0.9))));
        assert!(!is_met(1.0, 0.0, Bar::AtLeast(Quantity::Seconds(1.1))));
    }

    #[test]
    fn quantities_have_three_digits_and_a_unit() {
        for (quantity, text) in [
            (Quantity::Seconds(0.000_000_912), "912 ns"),
            (Quantity::Seconds(0.000_001_5), "1.50 us"),
            (Quantity::Seconds(0.0123), "12.3 ms"),
            (Quantity::PerSecond(20_000.4), "20000/s"),
            (Quantity::Bytes(65_536.0), "64.0 KiB"),
            (Quantity::Bytes(15e6), "15.0 MB"),
            (Quantity::Count(1024.0), "1024"),
            (Quantity::Times(2.0), "2.00x"),
        ] {
            assert_eq!(quantity.to_string(), text);
        }
    }
}
