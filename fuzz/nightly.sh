#!/bin/sh
# Fuzzes every target for a while and stops at the first find, then asks the laws and the oracles with new random cases,
# and measures the service with many approvals.
# What is new in the corpora is folded into them.
#
#   fuzz/nightly.sh [SECONDS A TARGET] [TARGET...]
#
# Needs a nightly toolchain and `cargo install cargo-fuzz`.
set -eu

cd "$(dirname "$0")"
seconds="${1:-3600}"
[ "$#" -eq 0 ] || shift
[ "$#" -gt 0 ] || set -- parse validate compile evaluate json_canonical canonical_round_trip

for target in "$@"; do
    found="$(mktemp -d)"
    # There is no unsafe code to watch, so the sanitizer only costs time; memory and hanging are bounded all the same.
    cargo +nightly fuzz run -O -s none "$target" "$found" "corpus/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1
    cargo +nightly fuzz run -O -s none "$target" "corpus/$target" "$found" -- -merge=1
    rm -r "$found"
done

# The laws of the core with random cases that no test run has drawn.
for turn in 1 2 3 4 5 6 7 8 9 10; do
    PROPTEST_RNG_SEED="$(date +%s)$turn" cargo test --manifest-path ../Cargo.toml --release --locked -p preloop-core
done

# The same expressions for the engine, the naive evaluator and two other engines.
cargo run --release -p preloop-oracles -- 10000000 "$(date +%j)" 20

# How long an approval takes while a thousand others wait, and what ten thousand held calls take.
cargo run --manifest-path ../Cargo.toml --release --locked -p preloop-server --example approval_latency
