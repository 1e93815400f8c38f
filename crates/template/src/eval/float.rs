//! Numbers with a fraction as Go's `fmt` writes them.

/// `%g`: the shortest text that reads back as the same number, or `precision` significant digits; with an exponent
/// if that is below -4, or at least 6 (shortest) or `precision`.
pub(super) fn general(value: f64, precision: Option<usize>) -> String {
    let scientific = match precision {
        None => format!("{value:e}"),
        Some(digits) => format!("{value:.*e}", digits.max(1) - 1),
    };
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return special(value) };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let limit = precision.map_or(6, |digits| i32::try_from(digits.max(1)).unwrap_or(i32::MAX));
    let mantissa =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    if exponent < -4 || exponent >= limit {
        return with_exponent(mantissa, exponent);
    }
    let digits = i32::try_from(mantissa.bytes().filter(u8::is_ascii_digit).count()).unwrap_or(0);
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// `%e`.
pub(super) fn exponential(value: f64, precision: usize) -> String {
    match format!("{value:.precision$e}").split_once('e') {
        Some((mantissa, exponent)) => with_exponent(mantissa, exponent.parse().unwrap_or(0)),
        None => special(value),
    }
}

/// `%f`.
pub(super) fn fixed(value: f64, precision: usize) -> String {
    if value.is_finite() { format!("{value:.precision$}") } else { special(value) }
}

fn with_exponent(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

fn special(value: f64) -> String {
    let text = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "+Inf"
    } else {
        "-Inf"
    };
    text.to_owned()
}
