//! `preloop policy schema`.

use crate::support::{preloop, root};

#[test]
fn the_schema_is_the_published_one() {
    let published = std::fs::read_to_string(root().join("docs/policy.schema.json")).expect("text");
    for arguments in [&["policy", "schema"][..], &["policy", "schema", "--format", "json"]] {
        let ran = preloop(arguments);
        assert_eq!((ran.code, &ran.stdout), (0, &published));
        assert_eq!(ran.json()["$id"], preloop_core::format::SCHEMA_ADDRESS);
    }
}
