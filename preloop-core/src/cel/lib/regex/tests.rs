//! Groups, replacements and the bounds on patterns.

use super::*;

const MAX: usize = 1 << 20;

fn message(pattern: &str) -> String {
    compile(pattern).unwrap_err().to_string()
}

#[test]
fn extraction_takes_the_match_or_its_one_group() {
    let first = |text, pattern: &str| {
        extract(&compile(pattern).unwrap(), text).map(|found| found.map(str::to_owned))
    };
    assert_eq!(first("item-A, item-B", r"item-\w"), Ok(Some("item-A".to_owned())));
    assert_eq!(first("item-A, item-B", r"item-(\w)"), Ok(Some("A".to_owned())));
    assert_eq!(first("bb", r"(a)?b"), Ok(None));
    assert_eq!(first("HELLO", "hello"), Ok(None));
    assert_eq!(
        first("user@host", r"(.*)@([^.]*)").unwrap_err().to_string(),
        "the pattern has 2 groups where at most one may be extracted"
    );
}

#[test]
fn extraction_of_all_leaves_out_groups_that_took_no_part() {
    let all = |text, pattern: &str| {
        let pattern = compile(pattern).unwrap();
        let found = extract_all(&pattern, text, 3, &mut Reread::new(&pattern, MAX));
        found.map(|found| found.unwrap().join("|"))
    };
    assert_eq!(all("id:123, id:456", r"id:\d+"), Ok("id:123|id:456".to_owned()));
    assert_eq!(all("id:123, id:456", r"id:(\d+)"), Ok("123|456".to_owned()));
    assert_eq!(all("id:123, id:456", "none"), Ok(String::new()));
    assert_eq!(all("abb", "(a)?b"), Ok("a".to_owned()));
    assert!(all("", "(a)(b)").is_err());
    assert_eq!(all("aaaa", "a"), Err(LibError::TooLarge { limit: 3, unit: "items" }));
}

fn replaced(
    pattern: &str,
    text: &str,
    replacement: &str,
    limit: i64,
    max_bytes: usize,
) -> Result<String, LibError> {
    let pattern = compile(pattern).unwrap();
    let mut reread = Reread::new(&pattern, MAX);
    let made = replace(&pattern, text, replacement, limit, max_bytes, &mut reread);
    made.map(|made| made.unwrap().into_owned())
}

#[test]
fn what_searches_read_again_is_counted() {
    let text = "a".repeat(100);
    let counted = |pattern: &str, allowed| {
        let pattern = compile(pattern).unwrap();
        let mut reread = Reread::new(&pattern, allowed);
        let found = extract_all(&pattern, &text, 100, &mut reread).unwrap();
        (found.is_some(), reread.spent())
    };
    assert_eq!(counted("a", MAX), (true, 99));
    assert_eq!(counted("a.*z|a", MAX), (true, 99 * 100 / 2));
    assert_eq!(counted("a.*z|a", 99 * 100 / 2), (true, 99 * 100 / 2));
    assert!(!counted("a.*z|a", 99 * 100 / 2 - 1).0);
    assert!(!counted("(a.*z|a)", 1_000).0);
}

#[test]
fn replacements_name_groups_with_a_backslash() {
    let check = |text, pattern: &str, replacement: &str, limit, expected: &str| {
        let replaced = replaced(pattern, text, replacement, limit, MAX);
        assert_eq!(replaced.unwrap(), expected, "{pattern} {replacement}");
    };
    check("foo bar", "(fo)o (ba)r", r"\2 \1", -1, "ba fo");
    check("hello world hello", "hello", "hi", 1, "hi world hello");
    check("hello world hello", "hello", "hi", 0, "hello world hello");
    check("abc", "b", r"[\0]", -1, "a[b]c");
    check("abc", "b", r"\\$1", -1, r"a\$1c");
    check("ab", "(x)?b", r"<\1>", -1, "a<>");
    check("añ", "", "-", -1, "-a-ñ-");
}

#[test]
fn replacements_that_mean_nothing_are_refused_even_without_a_match() {
    let refused =
        |replacement: &str| replaced("(x)", "abc", replacement, -1, MAX).unwrap_err().to_string();
    assert_eq!(refused(r"\2"), r"the replacement `\2` names group `2`, and the pattern has 1");
    let dangling = "has a backslash that is not followed by a digit or a backslash";
    assert_eq!(refused(r"\n"), format!(r"the replacement `\n` {dangling}"));
    assert_eq!(refused("\\"), format!(r"the replacement `\` {dangling}"));
    assert_eq!(refused("\\ñ"), format!(r"the replacement `\ñ` {dangling}"));
    assert!(matches!(
        replaced("a", &"a".repeat(100), &"b".repeat(100), -1, 9_999),
        Err(LibError::TooLarge { .. })
    ));
}

#[test]
fn classes_are_counted_as_often_as_they_are_asked_for() {
    for (pattern, weight) in [
        (r"\w{1000}", "1000"),
        (r"\w{1,20}[a-z]{700}", "720"),
        ("(.{30}){30}", "900"),
        ("(a|b){701}", "701"),
        ("(a?){800}", "800"),
        ("a{0,800}", "800"),
        (r"\p{L}{22}", "704"),
        (r"[\p{L}\d]{22}", "726"),
        (r"((\d{100}){100}){4000000000}", "40000000000000"),
    ] {
        let expected = format!(
            "the pattern `{pattern}` asks for {weight} classes of characters, counting repetitions, where at most 700 \
             are allowed"
        );
        assert_eq!(message(pattern), expected);
    }
    assert!(message(&".*".repeat(800)).contains("asks for 800 classes"));
    for fine in [
        r"^\w{1,63}(\.\w{1,63}){1,8}$",
        r"^[^/]{1,255}$",
        r".{0,500}",
        r"^[a-f0-9]{64}$",
        r"((\d{1,3}\.){3}\d{1,3},?){1,50}",
        r"\p{L}{1,16}",
        r"a{2000}",
    ] {
        assert!(compile(fine).is_ok(), "{fine}");
    }
    assert!(compile(&"word|".repeat(1_000)).is_ok());
}

#[test]
fn a_pattern_remembers_how_it_was_written() {
    assert_eq!(compile(r"^\d+\b").unwrap().as_str(), r"^\d+\b");
}

#[test]
fn classes_mean_ascii() {
    let check = |text: &str, pattern: &str, expected: bool| {
        assert_eq!(compile(pattern).unwrap().is_match(text), expected, "{text} {pattern}");
    };
    check("1", r"^\d$", true);
    check("١", r"^\d$", false);
    check("١", r"^\D$", true);
    check("é", r"\w", false);
    check("é", r"^[\W]$", true);
    check("a.-_9", r"^[\w.-]+$", true);
    check("aé", r"^[\w.-]+$", false);
    check("\u{a0}", r"\s", false);
    check(" \t\n\u{c}\r", r"^\s+$", true);
    check("\u{b}", r"\s", false);
    check("caf é", r"caf\b", true);
    check("café", r"caf\b", true);
    check("cafe", r"caf\B", true);
    check("é", r"^\B", true);
    check(
        "x5",
        r"(?x) x # a comment with \d
        \d",
        true,
    );
    check(r"\d", r"^\\d$", true);
    check("É", "(?i)é", true);
    check(&"a".repeat(63), r"^\w{1,63}$", true);
    assert!(message(r"[!-\d]").contains("range"));
}

#[test]
fn characters_in_brackets_are_no_set_operations() {
    let check = |pattern: &str, found: &[&str], not_found: &[&str]| {
        let regex = compile(pattern).unwrap();
        for text in found {
            assert!(regex.is_match(text), "{text} {pattern}");
        }
        for text in not_found {
            assert!(!regex.is_match(text), "{text} {pattern}");
        }
    };
    check("[;&&|]", &["a; b", "a && b", "a | b"], &["ab"]);
    check("[|&&;]", &["a; b", "a && b", "a | b"], &["ab"]);
    check("^[&&]$", &["&"], &["a"]);
    check("[$`(~~]", &["~", "$", "`", "("], &[")"]);
    check("^[+--]$", &["+", ",", "-"], &["*", "."]);
    check("^[--a]$", &["-", "A", "a"], &["b"]);
    check("^[a-z-]$", &["a", "-"], &["A"]);
    check("^[-a]$", &["a", "-"], &["b"]);
    check("^[a[b]$", &["a", "[", "b"], &["]"]);
    check("^[a[b]]$", &["[]", "a]", "b]"], &["b", "a"]);
    check("^[]a]$", &["]", "a"], &["[", "b"]);
    check("^[^]a]$", &["b", "["], &["]", "a"]);
    check(r"^[\]&&[]$", &["]", "&", "["], &[r"\", "a"]);
    check("^[[:alpha:]&&[:digit:]]$", &["a", "1", "&"], &["-"]);
    check("^[[:^alpha:]]$", &["1"], &["a"]);
    check("^[[:a]$", &["[", ":", "a"], &["b"]);
    check(r"^[\w--[a-z]]$", &["7]", "-]", "A]"], &["7", "*]"]);
    check(r"^[\x{26}&&\x41&&\pN]$", &["&", "A", "5"], &["a"]);
    check("^[é&&ñ]$", &["é", "ñ", "&"], &["n"]);
    check(r"\[a&&b\]", &["[a&&b]"], &["a", "b"]);
    check(r"^[\<a\>]+$", &["<a>"], &["b"]);
    check(r"^\<a\>$", &["<a>"], &["a"]);
    check("(?x) a # [\n [;&&|]", &["a|", "a;"], &["aa"]);
    assert_eq!(
        message("[[:digits:]]"),
        "`[[:digits:]]` is not a regular expression: no class `[:digits:]`"
    );
}

#[test]
fn a_bad_pattern_is_explained_on_one_line() {
    assert_eq!(message("("), "`(` is not a regular expression: unclosed group");
    assert_eq!(
        message("a(?=b)"),
        "`a(?=b)` is not a regular expression: look-around, including look-ahead and look-behind, is not supported"
    );
    assert_eq!(
        message(r"(a)\1"),
        r"`(a)\1` is not a regular expression: backreferences are not supported"
    );
    assert!(message(&"(".repeat(5_000)).len() < 300);
    assert!(message("[z-a\n]").lines().count() == 1);
}

#[test]
fn patterns_are_bounded_in_length_size_and_nesting() {
    assert_eq!(
        message("(a{300}){150}"),
        "the pattern `(a{300}){150}` needs more than 1000000 bytes"
    );
    assert_eq!(
        message("(a{1000}){1000}"),
        "the pattern `(a{1000}){1000}` takes too long to build: repeat less of it, or use smaller classes"
    );
    assert!(message(&"a".repeat(10_001)).ends_with("is longer than 10000 bytes"));
    assert!(compile(&"a".repeat(10_000)).is_ok());
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(compile(&nested(60)).is_ok());
    assert!(message(&nested(100)).contains("nest"));
}

#[test]
fn every_pattern_compiles_on_a_small_stack() {
    let hostile = || {
        for pattern in [
            "(".repeat(10_000),
            format!("{}{}", r"(\d".repeat(60), ")*".repeat(60)),
            r"\w".repeat(5_000),
            format!("{}a{}", "(?:".repeat(60), ")*".repeat(60)),
            "a|".repeat(5_000),
            "[a&&".repeat(2_000),
            "[[:".repeat(3_000),
            "\\x{".repeat(3_000) + "[",
            "a{0,1000}".repeat(1_000),
            format!("a{}", "?".repeat(9_000)),
        ] {
            if let Ok(regex) = compile(&pattern) {
                regex.is_match(&"a".repeat(500));
            }
        }
    };
    std::thread::scope(|scope| {
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        small.spawn_scoped(scope, hostile).unwrap().join().unwrap();
    });
}

#[test]
fn a_search_that_must_follow_many_ways_costs_more() {
    let price = |pattern: &str| compile(pattern).unwrap().scanned("x");
    for pattern in [
        r"(^|/)(\.env|\.ssh|\.aws|id_[a-z0-9]+)(/|$)",
        r"(?i)\b(select|insert|update|delete|drop|alter|create|truncate|grant|revoke)\b",
        r"sk-[A-Za-z0-9]{20,48}",
        r"(curl|wget)[^|;]*\|\s*(ba|z)?sh",
        r"password[^=]*=",
        "(a+)+$",
        "a literal of some length, with no choice at all",
        r"^[A-Z]{2}\d{2}(\s?[A-Z0-9]{4}){2,7}\s?[A-Z0-9]{1,4}$",
    ] {
        assert_eq!(price(pattern), 1, "{pattern}");
    }
    for pattern in [
        "(a|b)*a(a|b){20}c".to_owned(),
        "(a|b)*a(a|b){300}c".to_owned(),
        format!("a{}c", ".".repeat(39)),
        format!("(a|b)*a{}c", "(a|b)".repeat(60)),
        "password.{0,100}=".to_owned(),
    ] {
        let price = price(&pattern);
        let states = price * 8;
        assert!(price > 1 && states < 2_000, "{pattern} costs {price}");
    }
}

#[test]
fn what_takes_longer_to_build_is_said_to() {
    let effort = |pattern: &str| read(pattern).unwrap().plan().unwrap().effort();
    // In order of the time that building takes.
    let patterns = [
        "rm",
        "^[a-z]+@[a-z]+$",
        "(a|b)*a(a|b){20}",
        r"\w{600}",
        "(x{100}|y{100}){100}",
        r"\p{L}{20}",
    ];
    for pair in patterns.windows(2) {
        assert!(effort(pair[0]) < effort(pair[1]), "{pair:?}");
    }
    assert!(effort("rm") < 2_500);
    assert!(effort(r"\p{L}{20}") > 150_000);
    // Repetitions of repetitions multiply, and do not overflow.
    assert_eq!(effort("(((((((a{1000}){1000}){1000}){1000}){1000}){1000}){1000})"), u64::MAX);
    assert!(read("(").unwrap().plan().is_err());
    assert_eq!(reading_effort(&"x".repeat(1_000_000)), reading_effort(&"x".repeat(10_000)));
}

#[test]
fn what_takes_too_long_to_build_is_refused() {
    let times = |class: &str, count: usize| format!("(?i){}", class.repeat(count));
    for pattern in [
        r"\p{L}{20}".to_owned(),
        r"\P{L}{18}".to_owned(),
        r"[^\p{L}]{20}".to_owned(),
        r"\p{L}".repeat(20),
        "[^a]{690}".to_owned(),
        // Each of these characters is asked for its other cases.
        times(r"[b-\x{10ffff}]", 2),
        times("[\u{1}-\u{10ffff}]", 2),
        times(r"\p{Any}", 2),
        times("[^\\W_]", 2),
        times("[[:^alpha:]a]", 2),
        times(r"[\x{a0}-\x{fff}]", 60),
        format!("(?i:x{})", r"\p{Any}".repeat(20)),
        format!("(?-s:(?i)(?:{}){{0}}x)", r"\p{Any}".repeat(20)),
        times(r"[\S_]", 2),
    ] {
        let message = compile(&pattern).map(|_| ()).expect_err(&pattern).to_string();
        assert!(message.contains("takes too long to build"), "{pattern}: {message}");
    }
    let zero_times = format!("(?:{}){{0}}", r"\p{L}".repeat(1_000));
    assert!(message(&zero_times).contains("asks for 32000 classes"));
    for fine in [
        r"\p{L}{12}".to_owned(),
        r"(?i)\p{L}[\p{L}\p{N}_]{3}".to_owned(),
        r"(?i)[\s\S]*[^\W_]".to_owned(),
        times("[^a]", 100),
        times(r"[\s\S]", 100),
        times("[[:^alpha:]]", 100),
        times("[a-z0-9]", 300),
        r"[b-\x{10ffff}]".repeat(100),
        r"(?-i)[b-\x{10ffff}][b-\x{10ffff}]".to_owned(),
        r"(?i)[\x{4e00}-\x{9fff}]{1,64}".to_owned(),
    ] {
        assert!(compile(&fine).is_ok(), "{fine}");
    }
}

#[test]
fn quoted_text_means_itself() {
    let finds = |pattern: &str, text: &str| compile(pattern).unwrap().is_match(text);
    assert!(finds(r"^\Qa.b*[c]\E+$", "a.b*[c]]]"));
    assert!(!finds(r"^\Qa.b\E$", "axb"));
    assert!(finds(r"\Qrm -rf /", "sudo rm -rf /"));
    assert!(finds(r"^\Q\E$", ""));
    assert!(finds(r"^\Q\d\E$", r"\d"));
    assert!(finds(r"(?x) ^ \Qa b\E $ # two words", "a b"));
    assert!(!finds(r"(?x) ^ \Qa b\E $", "ab"));
    // In a class, and behind a backslash, the letters are as they were.
    assert!(compile(r"[\Qa\E]").is_err());
    assert!(finds(r"^\\Q$", r"\Q"));
}

#[test]
fn braces_that_begin_no_count_are_characters() {
    for (pattern, text) in [
        ("{", "a{b"),
        ("^a{,2}$", "a{,2}"),
        ("^a{2$", "a{2"),
        ("^a{2,$", "a{2,"),
        ("^a{x}$", "a{x}"),
        (r#"^{"cmd""#, r#"{"cmd": 1}"#),
        ("^a{2}$", "aa"),
        ("^a{2,}{$", "aaa{"),
        ("^[{]{2,3}$", "{{{"),
        (r"^\p{^Greek}[\P{^Greek}]$", "aα"),
        (r"^\x{61}\{$", "a{"),
    ] {
        let found = compile(pattern).unwrap().is_match(text);
        assert!(found, "{pattern} in {text}");
    }
    assert!(message("{2}").contains("repetition"), "{}", message("{2}"));
}
