//! A document that reads is printed, as YAML and as JSON, to text that reads back as the same document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use preloop_core::canonical::{export, to_json, to_yaml};
use preloop_core::{parse, policy_digest};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = parse(bytes) else { return };
    let yaml = to_yaml(&document, None);
    assert_eq!(parse(&yaml).as_ref(), Ok(&document), "{yaml}");
    let json = to_json(&document);
    assert_eq!(parse(&json).as_ref(), Ok(&document), "{json}");
    let exported = export(document.clone());
    assert_eq!(parse(&to_yaml(&exported, None)).as_ref(), Ok(&exported));
    assert_eq!(policy_digest(&exported), policy_digest(&document));
});
