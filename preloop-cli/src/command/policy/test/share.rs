//! Thresholds in percent, held against shares without rounding.

use std::str::FromStr;

use serde::Serialize;

/// A share in percent, with at most one decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Percent {
    tenths: u64,
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "a number from 0 to 100 is wanted, such as `80` or `99.5`".to_owned();
        let number = text.strip_suffix('%').unwrap_or(text).trim();
        let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(tenth) || tenth.len() > 1 {
            return Err(wrong());
        }
        let parsed = whole.parse::<u64>().ok().zip(tenth.parse::<u64>().ok());
        let tenths = parsed.and_then(|(whole, tenth)| whole.checked_mul(10)?.checked_add(tenth));
        tenths.filter(|tenths| *tenths <= 1000).map(|tenths| Self { tenths }).ok_or_else(wrong)
    }
}

impl Percent {
    /// Whether `part` of `all` is at least this share; nothing of nothing is everything.
    pub(super) fn is_met(self, part: u64, all: u64) -> bool {
        u128::from(part) * 1000 >= u128::from(self.tenths) * u128::from(all)
    }

    pub(super) fn shown(self) -> String {
        match (self.tenths / 10, self.tenths % 10) {
            (whole, 0) => format!("{whole} %"),
            (whole, tenth) => format!("{whole}.{tenth} %"),
        }
    }
}

impl Serialize for Percent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Tenths of at most a hundred are exact enough in any number.
        serializer.serialize_f64(f64::from(u32::try_from(self.tenths).unwrap_or(1000)) / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Percent;

    #[test]
    fn percents_are_read_strictly() {
        for (text, shown) in [("80", "80 %"), ("99.5%", "99.5 %"), ("0", "0 %"), ("100.0", "100 %")]
        {
            assert_eq!(text.parse::<Percent>().unwrap().shown(), shown);
        }
        for text in ["", "101", "-1", "80.25", "1e2", ".5", "5.", "100.1", "99999999999999999999"] {
            assert!(text.parse::<Percent>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_is_not_rounded_up() {
        let all: Percent = "100".parse().unwrap();
        assert!(!all.is_met(99_999, 100_000));
        assert!(all.is_met(7, 7));
        assert!(all.is_met(0, 0));
        let half: Percent = "66.7".parse().unwrap();
        assert!(!half.is_met(2, 3));
    }
}
