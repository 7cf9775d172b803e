//! Encodings: base64.

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{LibError, check_bytes, quoted};

/// Writes padding and reads text with and without it, as the specification's tests do; bits that make no byte are let go,
/// as other readers of base64 do, so that a rule sees what the tool will see.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `base64.encode(bytes)`.
pub(crate) fn base64_encode(bytes: &[u8], max_bytes: usize) -> Result<String, LibError> {
    let size = base64::encoded_len(bytes.len(), true).unwrap_or(usize::MAX);
    check_bytes(size, max_bytes)?;
    Ok(BASE64.encode(bytes))
}

/// `base64.decode(text)`.
pub(crate) fn base64_decode(text: &str, max_bytes: usize) -> Result<Vec<u8>, LibError> {
    // The estimate is up to two bytes too high; the exact size depends on the padding.
    check_bytes(base64::decoded_len_estimate(text.len()).saturating_sub(2), max_bytes)?;
    BASE64.decode(text).map_err(|_| LibError::invalid(format!("{} is not base64", quoted(text))))
}
