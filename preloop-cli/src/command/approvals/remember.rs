//! What `approvals approve` also has remembered: for how long, and which calls like the approved one.

use std::collections::BTreeMap;

use clap::Args;
use preloop_api::{ArgumentPattern, Pattern, Remember, RememberOffer, RememberScope};
use preloop_client::Client;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::Page;

/// Options that have calls remembered.
#[derive(Debug, Args)]
pub(crate) struct RememberArgs {
    /// Ask about calls like it no more: for this `session`, or for a time such as `30m`, `8h` or `2d`
    #[arg(long, value_name = "session|TIME", value_parser = how_long)]
    remember: Option<HowLong>,

    /// With --remember: this argument may be anything; the others stay what they are. May be repeated
    #[arg(long, value_name = "ARGUMENT", requires = "remember")]
    any: Vec<String>,
}

/// For how long calls are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HowLong {
    Session,
    Seconds(u64),
}

/// What is to be remembered, and of whom.
#[derive(Debug)]
pub(super) struct Wanted {
    how_long: HowLong,
    offer: RememberOffer,
}

// === impl RememberArgs ===

impl RememberArgs {
    /// What is wanted, worked out from what the server offers; nothing where nothing is to be remembered.
    pub(super) async fn wanted(self, client: &Client, id: Uuid) -> Result<Option<Wanted>, Failure> {
        let Some(how_long) = self.remember else { return Ok(None) };
        let mut offer = client.remember_offer(id).await?;
        for name in &self.any {
            let part = match &mut offer.pattern {
                Pattern::Arguments(arguments) => arguments.get_mut(name),
                Pattern::CallHash(_) => {
                    let why = "a value of this call is masked, so only the identical call can be remembered";
                    return Err(Failure::usage(why).help("leave out `--any`"));
                }
            };
            let part =
                part.ok_or_else(|| Failure::usage(format!("the call has no argument `{name}`")))?;
            *part = ArgumentPattern::Any;
        }
        Ok(Some(Wanted { how_long, offer }))
    }
}

// === impl Wanted ===

impl Wanted {
    /// Writes down what nobody would be asked about.
    pub(super) fn describe(&self, page: &mut Page) {
        let offer = &self.offer;
        let how_long = match self.how_long {
            HowLong::Session => "for this session, at most 8 hours".to_owned(),
            HowLong::Seconds(seconds) => format!("for {}", time(seconds)),
        };
        page.pair(
            "remember",
            format!("{how_long}, calls of `{}` by {}", offer.tool, offer.principal),
        );
        for line in pattern(&offer.pattern) {
            page.pair("", line);
        }
    }

    /// What is sent with the vote: the pattern as it was shown.
    pub(super) fn into_body(self) -> Remember {
        let (scope, seconds) = match self.how_long {
            HowLong::Session => (RememberScope::Session, None),
            HowLong::Seconds(seconds) => (RememberScope::Time, Some(seconds)),
        };
        Remember { scope, seconds, pattern: Some(self.offer.pattern) }
    }
}

/// A pattern in words, one line for each argument.
pub(super) fn pattern(pattern: &Pattern) -> Vec<String> {
    let of = |arguments: &BTreeMap<String, ArgumentPattern>| -> Vec<String> {
        let line = |(name, part): (&String, &ArgumentPattern)| match part {
            ArgumentPattern::Any => format!("{name} may be anything"),
            ArgumentPattern::Is(value) => format!("{name} = {value}"),
        };
        arguments.iter().map(line).collect()
    };
    match pattern {
        Pattern::Arguments(arguments) if arguments.is_empty() => {
            vec!["without arguments".to_owned()]
        }
        Pattern::Arguments(arguments) => of(arguments),
        Pattern::CallHash(_) => vec!["the identical call alone".to_owned()],
    }
}

/// Units of a time, largest first.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

fn how_long(text: &str) -> Result<HowLong, String> {
    if text == "session" {
        return Ok(HowLong::Session);
    }
    let wanted = || "`session`, or a number with its unit such as `30m`, `8h` or `2d`".to_owned();
    UNITS
        .iter()
        .find_map(|(unit, seconds)| {
            let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
            count.checked_mul(*seconds)
        })
        .map(HowLong::Seconds)
        .ok_or_else(wanted)
}

/// A time in the largest unit that fits it.
fn time(seconds: u64) -> String {
    let fits = |(_, size): &&(&str, u64)| seconds.is_multiple_of(*size);
    let (unit, size) = UNITS.iter().find(fits).copied().unwrap_or(("s", 1));
    format!("{}{unit}", seconds / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("8h", 28_800), ("2d", 172_800)] {
            assert_eq!(how_long(text), Ok(HowLong::Seconds(seconds)));
            assert_eq!(time(seconds), text);
        }
        assert_eq!(how_long("session"), Ok(HowLong::Session));
        for bad in
            ["", "8", "h", "-1h", "1.5h", "8 h", "99999999999999999999d", "18446744073709551615d"]
        {
            assert!(how_long(bad).is_err(), "{bad}");
        }
    }
}
