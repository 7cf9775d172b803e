#!/bin/sh
# rustdoc with its description of items as JSON, which a stable toolchain gives only when told so.
# Only rustdoc is told: set for cargo as a whole, it would make crates be built anew.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
