//! Bounds of list positions.

use proptest::prelude::*;

use super::Number::{Double, Int, Uint};
use super::*;

#[test]
fn an_index_is_a_whole_number_within_the_list() {
    assert_eq!((index(Int(2), 3), index(Uint(0), 3), index(Double(1.0), 3)), (Ok(2), Ok(0), Ok(1)));
    for outside in [Int(3), Int(-1), Uint(u64::MAX), Double(0.5), Double(f64::NAN), Double(-1.0)] {
        assert!(matches!(index(outside, 3), Err(LibError::OutOfRange(_))), "{outside:?}");
    }
    assert_eq!(index(Double(0.5), 3).unwrap_err().to_string(), "index `0.5` is out of range");
    assert_eq!(whole(-3.0), Some(-3));
    assert_eq!(whole(9_223_372_036_854_775_808.0), None);
}

#[test]
fn slices_lie_within_the_list_and_run_forwards() {
    assert_eq!(slice(1, 3, 3), Ok(1..3));
    assert_eq!(slice(3, 3, 3), Ok(3..3));
    for (start, end) in [(-1, 2), (0, 4), (4, 4), (i64::MIN, i64::MAX)] {
        assert!(matches!(slice(start, end, 3), Err(LibError::OutOfRange(_))), "{start} {end}");
    }
    assert_eq!(slice(2, 1, 3).unwrap_err().to_string(), "slice start `2` is after its end `1`");
}

#[test]
fn lengths_and_depths_are_bounded() {
    assert_eq!((range_length(3, 10), range_length(-3, 10)), (Ok(3), Ok(0)));
    assert_eq!(range_length(i64::MAX, 10), Err(LibError::TooLarge { limit: 10, unit: "items" }));
    assert_eq!(flatten_depth(2), Ok(2));
    assert!(flatten_depth(-1).is_err());
}

proptest! {
    #[test]
    fn a_slice_is_what_a_range_check_allows(start in -2_i64..6, end in -2_i64..6, length in 0_usize..5) {
        let limit = i64::try_from(length).unwrap();
        let allowed = 0 <= start && start <= end && end <= limit;
        prop_assert_eq!(slice(start, end, length).is_ok(), allowed);
    }
}
