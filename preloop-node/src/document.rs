//! Policy documents as JavaScript has them: text in UTF-16, in which half of a surrogate pair may stand alone.

use napi::bindgen_prelude::Utf16String;

/// No text in UTF-8 has this byte.
const NOT_UTF8: u8 = 0xff;

/// A document in UTF-8. Half of a surrogate pair has no form there: core refuses the document and says where it stands,
/// as it does of a file that is not UTF-8.
pub(crate) fn utf8(document: &Utf16String) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(document.len());
    for character in char::decode_utf16(document.iter().copied()) {
        match character {
            Ok(character) => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
            Err(_) => bytes.push(NOT_UTF8),
        }
    }
    bytes
}
