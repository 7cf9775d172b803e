//! The numbers and texts that random expressions and arguments are made of.

pub(crate) const INTS: [i64; 14] =
    [0, 1, 2, 3, -1, -2, 5, 10, 255, i64::MAX, i64::MIN, i64::MAX - 1, 1 << 53, (1 << 53) + 1];
pub(crate) const UINTS: [u64; 7] = [0, 1, 2, 7, u64::MAX, 1 << 63, (1 << 63) - 1];
pub(crate) const DOUBLES: [f64; 14] = [
    0.0,
    -0.0,
    0.5,
    1.0,
    2.0,
    -1.5,
    1e300,
    5e-324,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    9_007_199_254_740_993.0,
    3.0,
    -9_223_372_036_854_775_808.0,
    1e15,
];
pub(crate) const TEXTS: [&str; 18] = [
    "", "a", "b", "ab", "abc", "aab", "A", "1", "-7", "2.5", "true", " a ", "é", "aé b", "k", "'",
    "\\n\n", "a,b,,c",
];
pub(crate) const KEYS: [&str; 6] = ["a", "b", "k", "n", "s", "size"];
pub(crate) const PATTERNS: [&str; 30] = [
    "a", "ab", "^a", "b$", "^ab$", "a*", "a.*b", ".", "^$", "", "^a.*c$", ".*b.*", "^.*ab", "a*b",
    "^a*$", "b.", "a|b", "ab|a", "(a)b", "(a*)(b)", "[ab]+", "[^a]", "\\d+", "\\w", "\\s", "a?b",
    "\\.", "(b)|a", "(", "*a",
];
/// Texts that cost more than a unit to look at, around the edges of what a unit buys.
pub(crate) const LONG: [&str; 5] = [
    "abababababababa",
    "abababababababab",
    "ababababababababa",
    "the quick brown fox jumps over the lazy dog, and then it jumps back over it: aab abc",
    "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééébaé b",
];
/// Texts that mean something to some function.
pub(crate) const TIMES: [&str; 13] = [
    "2026-05-01T12:30:00Z",
    "2026-02-28T23:59:59.999999999Z",
    "1969-12-31T23:59:59.25Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2024-02-29T00:00:00+14:00",
    "2026-05-01t12:30:00.5z",
    "1919-12-31T20:18:47Z",
    "1970-01-01T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-05-01",
    "0000-12-31T23:59:59Z",
    "1900-03-01T00:00:00-23:59",
];
pub(crate) const SPANS: [&str; 17] = [
    "0",
    "1h",
    "-1h30m",
    "1.5s",
    "90m",
    "1ns",
    "-0.5ms",
    "1us",
    "315576000000s",
    "24h",
    "1d",
    "",
    "315576000001s",
    "2562047h47m16.854775807s",
    ".5h",
    "1.h",
    "+2m1µs",
];
pub(crate) const ADDRESSES: [&str; 20] = [
    "10.0.0.1",
    "127.0.0.1",
    "0.0.0.0",
    "169.254.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "ff02::1",
    "2001:db8::8:800:200c:417a",
    "2001:DB8:0:0:1:0:0:417A",
    "::ffff:102:304",
    "1.2.3",
    "01.2.3.4",
    "::ffff:1.2.3.4",
    "fe80::1%eth0",
    "1.2.3.256",
    ":::",
    "1:2:3:4:5:6:7::",
];
pub(crate) const RANGES: [&str; 15] = [
    "10.0.0.0/8",
    "10.1.2.3/16",
    "0.0.0.0/0",
    "10.0.0.1/32",
    "::/0",
    "2001:db8::/32",
    "fe80::1/128",
    "169.254.0.0/15",
    "10.0.0.0/33",
    "10.0.0.0",
    "10.0.0.0/08",
    "::ffff:a00:1/120",
    "10.0.0.0/-1",
    "10.0.0.0/+8",
    "10.0.0.0/",
];
pub(crate) const ZONES: [&str; 11] = [
    "UTC",
    "+02:00",
    "-09:30",
    "02:00",
    "Asia/Dubai",
    "Etc/GMT+5",
    "-23:59",
    "Mars/Olympus",
    "",
    "+24:00",
    "+2:00",
];
pub(crate) const CODED: [&str; 9] =
    ["YWI=", "YWI", "YW", "YQ==", "YQ=", "YWJj", "=", "YR==", "Y W="];
pub(crate) const TYPES: [&str; 9] =
    ["int", "uint", "double", "string", "bool", "list", "map", "bytes", "null_type"];
