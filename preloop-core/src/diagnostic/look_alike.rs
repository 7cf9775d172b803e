//! Letters that look like others: a name that holds one reads as known and is not.

/// Letters of Cyrillic and Greek, each before the Latin one that it looks like.
const LETTERS: &str = "аaеeоoрpсcуyхxіiјjѕsһhԁdԛqԝwАAВBЕEКKМMНHОOРPСCТTУYХXІIЈJЅSΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXαaοoνvρpιiυuıi";

/// Signs that programs for writing text put in place of those on the keyboard.
const SIGNS: &str = "‘'’'“\"”\"–-—-−-‐-‑-×*÷/＝=＜<＞>≠!∧&∨|\u{a0} ";

/// The character of ASCII that this one looks like.
pub(crate) fn look_alike(character: char) -> Option<char> {
    if character.is_ascii() {
        return None;
    }
    // The full-width forms stand in the order of ASCII.
    if let Some(offset) = u32::from(character).checked_sub(0xff01).filter(|offset| *offset < 94) {
        return char::from_u32(offset.saturating_add(0x21));
    }
    let mut pairs = LETTERS.chars().chain(SIGNS.chars());
    while let (Some(this), Some(looks_like)) = (pairs.next(), pairs.next()) {
        if this == character {
            return Some(looks_like);
        }
    }
    None
}

/// What is odd about a character that cannot be told by looking at it; none where it can.
pub(crate) fn odd(character: char) -> Option<String> {
    let code = format!("U+{:04X}", u32::from(character));
    if let Some(known) = look_alike(character) {
        return Some(format!("`{character}` is {code} and only looks like `{known}`"));
    }
    let is_invisible = matches!(
        u32::from(character),
        0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2069 | 0xfeff
    );
    is_invisible.then(|| format!("there is a {code} in it, which cannot be seen"))
}

/// Asks whether another name was meant, and says what cannot be seen of the one that is written.
pub(crate) fn did_you_mean(written: &str, meant: &str) -> String {
    let unseen = written.chars().find_map(odd);
    match unseen.filter(|_| !meant.chars().any(|character| odd(character).is_some())) {
        Some(unseen) => format!("did you mean `{meant}`? {unseen}"),
        None => format!("did you mean `{meant}`?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_a_stranger_and_a_character_of_ascii() {
        for table in [LETTERS, SIGNS] {
            let characters: Vec<char> = table.chars().collect();
            assert_eq!(characters.len() % 2, 0);
            for pair in characters.chunks(2) {
                assert!(!pair[0].is_ascii() && pair[1].is_ascii(), "{pair:?}");
                assert_eq!(look_alike(pair[0]), Some(pair[1]));
            }
        }
        assert_eq!(look_alike('ａ'), Some('a'));
        assert_eq!(look_alike('é'), None);
        assert_eq!(look_alike('a'), None);
    }

    #[test]
    fn what_cannot_be_seen_is_told() {
        assert_eq!(did_you_mean("nmae", "name"), "did you mean `name`?");
        assert_eq!(
            did_you_mean("n\u{430}me", "name"),
            "did you mean `name`? `\u{430}` is U+0430 and only looks like `a`"
        );
        assert_eq!(
            did_you_mean("name\u{200b}", "name"),
            "did you mean `name`? there is a U+200B in it, which cannot be seen"
        );
    }
}
