//! CBOR as authenticators write it (CTAP2's canonical form): whole numbers, texts, bytes, lists and maps of known length.

use super::Refused;

/// Deepest nesting; CTAP2 allows four.
const DEPTH_MAX: usize = 6;
/// Most fields of a map, which are compared with each other; authenticators write a handful.
const FIELDS_MAX: usize = 64;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cbor {
    Bool(bool),
    Bytes(Vec<u8>),
    Integer(i64),
    List(Vec<Cbor>),
    Map(Vec<(Cbor, Cbor)>),
    Null,
    Text(String),
}

// === impl Cbor ===

impl Cbor {
    /// Reads one value; what stands behind it.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Refused> {
        read(bytes, DEPTH_MAX)
    }

    /// What stands under a number in a map.
    pub(super) fn at(&self, key: i64) -> Option<&Self> {
        self.find(&Self::Integer(key))
    }

    /// What stands under a name in a map.
    pub(super) fn named(&self, key: &str) -> Option<&Self> {
        self.find(&Self::Text(key.to_owned()))
    }

    fn find(&self, key: &Self) -> Option<&Self> {
        let Self::Map(fields) = self else { return None };
        fields.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(super) fn as_bytes(&self) -> Option<&[u8]> {
        let Self::Bytes(bytes) = self else { return None };
        Some(bytes)
    }

    pub(super) fn as_integer(&self) -> Option<i64> {
        let Self::Integer(number) = self else { return None };
        Some(*number)
    }
}

fn read(bytes: &[u8], depth: usize) -> Result<(Cbor, &[u8]), Refused> {
    let depth = depth.checked_sub(1).ok_or(Refused("a value is nested too deep"))?;
    let (kind, argument, mut rest) = head(bytes)?;
    let length = usize::try_from(argument).map_err(|_| short());
    let value = match kind {
        0 => Cbor::Integer(i64::try_from(argument).map_err(|_| Refused("a number is too large"))?),
        1 => {
            let number = i64::try_from(argument).map_err(|_| Refused("a number is too large"))?;
            Cbor::Integer(-1 - number)
        }
        2 | 3 => {
            let (text, behind) = rest.split_at_checked(length?).ok_or_else(short)?;
            rest = behind;
            if kind == 2 {
                Cbor::Bytes(text.to_vec())
            } else {
                let text = std::str::from_utf8(text).map_err(|_| Refused("a text is no UTF-8"))?;
                Cbor::Text(text.to_owned())
            }
        }
        4 => {
            let mut items = Vec::new();
            for _ in 0..length? {
                let (item, behind) = read(rest, depth)?;
                items.push(item);
                rest = behind;
            }
            Cbor::List(items)
        }
        5 => {
            let mut fields: Vec<(Cbor, Cbor)> = Vec::new();
            for _ in 0..length? {
                let (key, behind) = read(rest, depth)?;
                let (value, behind) = read(behind, depth)?;
                if fields.iter().any(|(known, _)| *known == key) {
                    return Err(Refused("a key stands twice in a map"));
                }
                if fields.len() == FIELDS_MAX {
                    return Err(Refused("a map has too many fields"));
                }
                fields.push((key, value));
                rest = behind;
            }
            Cbor::Map(fields)
        }
        _ => match argument {
            20 => Cbor::Bool(false),
            21 => Cbor::Bool(true),
            22 => Cbor::Null,
            _ => return Err(Refused("a value is of a kind that authenticators do not write")),
        },
    };
    Ok((value, rest))
}

/// Kind and argument of a value, and what stands behind them.
fn head(bytes: &[u8]) -> Result<(u8, u64, &[u8]), Refused> {
    let (first, rest) = bytes.split_first().ok_or_else(short)?;
    let (kind, info) = (first >> 5, first & 0x1f);
    if kind == 6 || (kind == 7 && info > 22) {
        return Err(Refused("a value is of a kind that authenticators do not write"));
    }
    let width = match info {
        0..=23 => return Ok((kind, u64::from(info), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return Err(Refused("a value has no length")),
    };
    let (digits, rest) = rest.split_at_checked(width).ok_or_else(short)?;
    let argument = digits.iter().fold(0_u64, |number, digit| (number << 8) | u64::from(*digit));
    Ok((kind, argument, rest))
}

fn short() -> Refused {
    Refused("it ends too early")
}
