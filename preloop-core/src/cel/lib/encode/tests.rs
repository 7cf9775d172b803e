//! Base64 beyond the specification's cases.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_not_base64_is_refused() {
    for text in ["a", "a===", "ab=c", "añ==", "aGVsbG8=\n", "-_-_"] {
        assert!(matches!(base64_decode(text, 100), Err(LibError::InvalidArgument(_))), "{text}");
    }
    assert_eq!(base64_decode("aB==", 100).as_deref(), Ok(&b"h"[..]), "the last bits make no byte");
    assert_eq!(base64_decode("*", 100).unwrap_err().to_string(), "`*` is not base64");
}

#[test]
fn large_results_are_refused() {
    assert_eq!(base64_encode(&[0; 3], 4).as_deref(), Ok("AAAA"));
    assert!(matches!(base64_encode(&[0; 4], 7), Err(LibError::TooLarge { .. })));
    assert!(matches!(base64_decode(&"A".repeat(400), 100), Err(LibError::TooLarge { .. })));
}

proptest! {
    #[test]
    fn encoded_bytes_decode(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let text = base64_encode(&bytes, 100).unwrap();
        prop_assert_eq!(base64_decode(&text, bytes.len()), Ok(bytes.clone()));
        prop_assert_eq!(base64_decode(text.trim_end_matches('='), bytes.len()), Ok(bytes));
    }
}
