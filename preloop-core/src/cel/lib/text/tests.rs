//! Laws of the code-point functions, and the corners that the specification's cases leave open.

use proptest::prelude::*;

use super::*;

const MAX: usize = 1 << 20;

#[test]
fn indexes_outside_the_text_are_errors() {
    let outside = |result: Result<&str, LibError>| {
        assert!(matches!(result, Err(LibError::OutOfRange(_))), "{result:?}");
    };
    outside(char_at("añb", 4));
    outside(char_at("añb", -1));
    outside(char_at("añb", i64::MIN));
    outside(substring("añb", 4));
    outside(substring_between("añb", 0, 4));
    outside(substring_between("añb", 2, i64::MAX));
    outside(substring_between("añb", i64::MIN, i64::MAX));
    assert_eq!(
        substring_between("añb", 2, 1).unwrap_err().to_string(),
        "substring start `2` is after its end `1`"
    );
    assert_eq!(
        substring_between("añb", 1, -7).unwrap_err().to_string(),
        "index `-7` is out of range"
    );
    assert!(index_of_from("abc", "", 4).is_err());
    assert!(last_index_of_from("abc", "", -1).is_err());
    assert_eq!(index_of_from("abc", "", 3), Ok(3));
    assert_eq!(last_index_of_from("abcabc", "abc", 6), Ok(3));
}

#[test]
fn replace_counts_and_inserts_at_every_code_point() {
    let check = |text: &str, from: &str, to: &str, limit: i64, expected: &str| {
        assert_eq!(replace(text, from, to, limit, MAX).unwrap(), expected);
    };
    check("aaa", "a", "b", 2, "bba");
    check("aaa", "a", "b", 0, "aaa");
    check("aaa", "a", "b", -5, "bbb");
    check("añ", "", "-", -1, "-a-ñ-");
    check("añ", "", "-", 2, "-a-ñ");
    check("", "", "x", -1, "x");
    assert!(matches!(replace("abc", "x", "y", -1, 0), Ok(Cow::Borrowed("abc"))));
}

#[test]
fn split_keeps_the_rest_in_the_last_part() {
    let check = |text: &str, separator: &str, limit: i64, expected: &[&str]| {
        assert_eq!(split(text, separator, limit, 100).unwrap(), expected);
    };
    check("a,b,c", ",", 2, &["a", "b,c"]);
    check("a,b,c", ",", 9, &["a", "b", "c"]);
    check("año", "", -1, &["a", "ñ", "o"]);
    check("año", "", 2, &["a", "ño"]);
    check("", "", -1, &[]);
    check("", ",", -1, &[""]);
    check(",", ",", -1, &["", ""]);
}

#[test]
fn large_results_are_refused_before_they_are_made() {
    let large = |result: Result<(), LibError>| {
        assert!(matches!(result, Err(LibError::TooLarge { .. })), "{result:?}");
    };
    let text = "a".repeat(1_000);
    large(replace(&text, "a", "aaaaaaaaaa", -1, 9_999).map(drop));
    large(replace(&text, "", &text, -1, MAX / 2).map(drop));
    large(split(&text, "", -1, 999).map(drop));
    large(split(&text, "a", -1, 1_000).map(drop));
    large(join([text.as_str(), text.as_str()], "-", 2_000).map(drop));
    large(reverse(&text, 999).map(drop));
    large(upper_ascii(&text, 999).map(drop));
    large(lower_ascii(&text.to_uppercase(), 999).map(drop));
    large(quote(&text, 1_001).map(drop));
    large(quote("\n\n", 5).map(drop));
    assert_eq!(quote("\n\n", 6).unwrap().len(), 6);
    assert_eq!(reverse(&text, 10).unwrap_err().to_string(), "the result is larger than 10 bytes");
}

#[test]
fn messages_repeat_input_on_one_line_and_cut_it() {
    let error = to_bool(&format!("no\n{}", "x".repeat(500))).unwrap_err().to_string();
    assert_eq!(error, format!("`no\\n{}...` is not a bool", "x".repeat(77)));
    assert_eq!(
        from_bytes(b"ab\xff").unwrap_err().to_string(),
        "the bytes are not UTF-8 from byte 2 on"
    );
}

proptest! {
    #[test]
    fn substring_and_index_agree(text in "[aαb]{0,12}", needle in "[aαb]{0,3}") {
        let at = index_of(&text, &needle);
        let last = last_index_of(&text, &needle);
        if at < 0 {
            prop_assert!(!text.contains(&needle) && last < 0);
        } else {
            let end = at + size(&needle);
            prop_assert_eq!(substring_between(&text, at, end).unwrap(), needle.as_str());
            prop_assert!(!substring_between(&text, 0, (end - 1).max(0)).unwrap().contains(&needle)
                || needle.is_empty());
            prop_assert!(at <= last);
            prop_assert_eq!(index_of_from(&text, &needle, last), Ok(last));
            prop_assert_eq!(last_index_of_from(&text, &needle, at), Ok(at));
            prop_assert_eq!(index_of_from(&text, &needle, 0), Ok(at));
            prop_assert_eq!(last_index_of_from(&text, &needle, size(&text)), Ok(last));
        }
    }

    #[test]
    fn the_parts_make_the_whole(text in "\\PC{0,20}", cut in 0_usize..21) {
        let cut = i64::try_from(cut.min(text.chars().count())).unwrap();
        let (head, tail) = (substring_between(&text, 0, cut).unwrap(), substring(&text, cut).unwrap());
        prop_assert_eq!(join([head, tail], "", MAX).unwrap(), text.as_str());
        prop_assert_eq!(size(head), cut);
        let characters: String = (0..=size(&text)).map(|at| char_at(&text, at).unwrap()).collect();
        prop_assert_eq!(characters, text.as_str());
        prop_assert_eq!(reverse(&reverse(&text, MAX).unwrap(), MAX).unwrap(), text);
    }

    #[test]
    fn join_undoes_split(text in "[a,é]{0,12}", separator in "[a,é]{0,2}", limit in 1_i64..6) {
        let parts = split(&text, &separator, limit, 100).unwrap();
        prop_assert!(parts.len() <= usize::try_from(limit).unwrap());
        prop_assert_eq!(join(parts, &separator, MAX).unwrap(), text);
    }

    #[test]
    fn nothing_found_is_nothing_replaced(text in "[ab]{0,12}", limit in -2_i64..4) {
        let replaced = replace(&text, "ab", "", limit, MAX).unwrap();
        let expected = match usize::try_from(limit) {
            Ok(limit) => text.replacen("ab", "", limit),
            Err(_) => text.replace("ab", ""),
        };
        prop_assert_eq!(replaced, expected);
    }
}
