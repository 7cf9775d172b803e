//! docs/permissions.md has the table of roles and permissions as the code has it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use preloop_api::{Permission, Role};

const HEADING: &str = "## The table\n";

fn table() -> String {
    let mut page = HEADING.to_owned();
    page.push_str(
        "\nThis part is generated from `preloop-api/src/permission.rs`.\n\n| permission | allows |",
    );
    for role in Role::ALL {
        write!(page, " {} |", role.as_str()).unwrap();
    }
    page.push_str("\n|---|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    page.push('\n');
    for permission in Permission::ALL {
        write!(page, "| `{permission}` | {} |", permission.description()).unwrap();
        for role in Role::ALL {
            page.push_str(if role.allows(*permission) { " yes |" } else { "  |" });
        }
        page.push('\n');
    }
    page
}

#[test]
fn the_manual_has_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/permissions.md");
    let page = fs::read_to_string(&path).unwrap();
    let words = page.find(HEADING).map_or(page.as_str(), |at| page.split_at(at).0);
    let wanted = words.to_owned() + &table();
    if std::env::var_os("PRELOOP_GENERATE").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    assert!(page == wanted, "docs/permissions.md is stale: run this test with PRELOOP_GENERATE=1");
}
