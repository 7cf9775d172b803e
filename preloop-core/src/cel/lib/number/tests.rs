//! Laws of comparison and conversion, and the ends of each range.

use proptest::prelude::*;

use super::Number::{Double, Int, Uint};
use super::*;

#[test]
fn comparison_is_exact_where_a_double_is_not() {
    let check = |left: Number, right: Number, expected: Option<Ordering>| {
        assert_eq!(compare(left, right), expected, "{left:?} {right:?}");
        assert_eq!(compare(right, left), expected.map(Ordering::reverse), "{right:?} {left:?}");
    };
    let (less, equal, greater) =
        (Some(Ordering::Less), Some(Ordering::Equal), Some(Ordering::Greater));
    check(Int(9_007_199_254_740_993), Double(9_007_199_254_740_992.0), greater);
    check(Int(i64::MAX), Double(INT_END), less);
    check(Int(i64::MIN), Double(-INT_END), equal);
    check(Uint(u64::MAX), Double(UINT_END), less);
    check(Uint(u64::MAX), Int(-1), greater);
    check(Int(0), Double(-0.5), greater);
    check(Int(-1), Double(-0.5), less);
    check(Uint(0), Double(-0.0), equal);
    check(Uint(1), Double(1.5), less);
    check(Int(1), Double(f64::INFINITY), less);
    check(Int(1), Double(f64::NEG_INFINITY), greater);
    check(Uint(1), Double(f64::NAN), None);
    check(Int(1), Double(f64::NAN), None);
    check(Double(f64::NAN), Double(f64::NAN), None);
}

#[test]
fn conversions_refuse_what_does_not_fit() {
    assert_eq!(int_from_double(-9_223_372_036_854_774_784.0), Ok(-9_223_372_036_854_774_784));
    for outside in [INT_END, -INT_END, f64::NAN, f64::INFINITY, 1e300] {
        assert!(matches!(int_from_double(outside), Err(LibError::OutOfRange(_))), "{outside}");
    }
    for outside in [UINT_END, -0.5, f64::NAN, f64::NEG_INFINITY] {
        assert!(matches!(uint_from_double(outside), Err(LibError::OutOfRange(_))), "{outside}");
    }
    assert_eq!(uint_from_double(-0.0), Ok(0));
    assert_eq!(int_from_text("-9223372036854775808"), Ok(i64::MIN));
    let message = |error: LibError| error.to_string();
    assert_eq!(
        int_from_text("9223372036854775808").map_err(message),
        Err("`9223372036854775808` is out of the range of int".to_owned())
    );
    assert_eq!(int_from_text(" 1").map_err(message), Err("` 1` is not an int".to_owned()));
    // Too many digits, and then something that is none.
    assert_eq!(
        int_from_text("9223372036854776000-2").map_err(message),
        Err("`9223372036854776000-2` is not an int".to_owned())
    );
    assert_eq!(uint_from_text("+1").map_err(message), Err("`+1` is not a uint".to_owned()));
    assert_eq!(
        uint_from_int(-1).map_err(message),
        Err("`-1` is out of the range of uint".to_owned())
    );
    assert_eq!(
        double_from_text("1e999").map_err(message),
        Err("`1e999` is out of the range of double".to_owned())
    );
    assert_eq!(double_from_text("-Infinity"), Ok(f64::NEG_INFINITY));
    assert!(double_from_text("0x1p3").is_err() && double_from_text("").is_err());
}

#[test]
fn extremes_refuse_nan_and_keep_the_first_of_equals() {
    assert!(greatest(Int(1), Double(f64::NAN)).is_err());
    assert!(least(Double(f64::NAN), Uint(1)).is_err());
    assert_eq!(greatest(Uint(1), Double(1.0)), Ok(Uint(1)));
    assert_eq!(least(Int(1), Uint(1)), Ok(Int(1)));
}

#[test]
fn roots_and_signs_keep_their_kind() {
    assert_eq!((sqrt(Int(81)), sqrt(Uint(81)), sqrt(Double(0.25))), (9.0, 9.0, 0.5));
    assert!(sqrt(Int(-1)).is_nan());
    assert!(matches!(sign(Double(-0.0)), Double(value) if value.is_sign_positive()));
    assert!(matches!(sign(Double(f64::NAN)), Double(value) if value.is_nan()));
}

#[test]
fn doubles_print_without_an_exponent() {
    let check = |value: f64, expected: &str| assert_eq!(text_from_double(value), expected);
    check(1.0, "1");
    check(1e21, "1000000000000000000000");
    check(-0.0045, "-0.0045");
    check(0.1 + 0.2, "0.30000000000000004");
    check(f64::NAN, "NaN");
    check(f64::INFINITY, "Infinity");
    check(f64::NEG_INFINITY, "-Infinity");
}

fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Int),
        any::<u64>().prop_map(Uint),
        any::<f64>().prop_map(Double),
        // Near one another, and near what a double still tells apart.
        (-4_i64..4).prop_map(Int),
        (0_u64..4).prop_map(Uint),
        (-8_i32..8).prop_map(|halves| Double(f64::from(halves) / 2.0)),
        (i64::MAX - 4..=i64::MAX).prop_map(|value| Double(double_from_int(value))),
        (i64::MAX - 4..=i64::MAX).prop_map(Int),
        (1_u64 << 63..(1 << 63) + 4).prop_map(Uint),
    ]
}

/// Twice the value as a 128-bit integer, where that is exact.
fn twice(number: Number) -> Option<i128> {
    match number {
        Int(value) => Some(i128::from(value) * 2),
        Uint(value) => Some(i128::from(value) * 2),
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        Double(value) => {
            ((value * 2.0).fract() == 0.0 && value.abs() < 1e30).then_some((value * 2.0) as i128)
        }
    }
}

proptest! {
    #[test]
    fn comparison_is_that_of_the_exact_values(left in any_number(), right in any_number()) {
        if let (Some(exact_left), Some(exact_right)) = (twice(left), twice(right)) {
            prop_assert_eq!(compare(left, right), Some(exact_left.cmp(&exact_right)));
        }
        prop_assert_eq!(compare(left, right), compare(right, left).map(Ordering::reverse));
    }

    #[test]
    fn printed_numbers_read_back(int in any::<i64>(), uint in any::<u64>(), double in any::<f64>()) {
        prop_assert_eq!(int_from_text(&int.to_string()), Ok(int));
        prop_assert_eq!(uint_from_text(&uint.to_string()), Ok(uint));
        let read = double_from_text(&text_from_double(double)).unwrap();
        prop_assert!(read.to_bits() == double.to_bits() || (read.is_nan() && double.is_nan()));
    }

    #[test]
    fn conversions_keep_the_value(value in any_number()) {
        let (int, uint) = match value {
            Int(int) => (Ok(int), uint_from_int(int)),
            Uint(uint) => (int_from_uint(uint), Ok(uint)),
            Double(double) => (int_from_double(double.trunc()), uint_from_double(double.trunc())),
        };
        let whole = if let Double(double) = value { Double(double.trunc()) } else { value };
        if let Ok(int) = int {
            prop_assert_eq!(compare(Int(int), whole), Some(Ordering::Equal));
        }
        if let Ok(uint) = uint {
            prop_assert_eq!(compare(Uint(uint), whole), Some(Ordering::Equal));
        }
    }

    #[test]
    fn shifts_multiply_and_divide(value in any::<u64>(), offset in 0_u32..64) {
        let left = unsigned_shift_left(value, i64::from(offset)).unwrap();
        prop_assert_eq!(left, value.wrapping_mul(1 << offset));
        prop_assert_eq!(unsigned_shift_right(value, i64::from(offset)).unwrap(), value / (1 << offset));
        prop_assert_eq!(bit_shift_left(value.cast_signed(), i64::from(offset)).unwrap().cast_unsigned(), left);
    }
}
