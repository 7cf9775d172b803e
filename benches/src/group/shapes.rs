//! Expressions of other shapes: no case here has a limit, none of them is known to the engine.

use memchr::memmem::Finder;
use regex::Regex;
use serde_json::{Value, json};

use super::expressions::{args_c, args_d, case, number, text};
use crate::measure::{Case, Limit};

fn items<'a>(args: &'a Value, key: &str) -> &'a [Value] {
    args.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn files() -> Value {
    json!({"files": ["src/main.rs", "README.md", "deploy/.env"], "dry_run": false, "region": "eu-west-1"})
}

fn mail() -> Value {
    json!({
        "to": "ceo@rival.example",
        "cc": [],
        "subject": "the invoice of last month",
        "from": {"address": "agent@example.com", "team": {"name": "finance", "size": 12}}
    })
}

/// The table of other shapes.
#[expect(clippy::too_many_lines, reason = "it is a table")]
#[expect(clippy::case_sensitive_file_extension_comparisons, reason = "as the expression does")]
pub fn cases() -> Vec<Case> {
    let none = Limit::None;
    let invoice = Finder::new("invoice");
    let tail = Regex::new("/(etc|usr)/[a-z]+$").unwrap_or_else(|error| panic!("{error}"));
    let host = Regex::new("^https://[a-z0-9.-]+\\.internal(/|$)")
        .unwrap_or_else(|error| panic!("{error}"));
    vec![
        case(
            "",
            "args.amount * 2.0 + 1.0 > 1000.0 || args.amount == 750",
            args_c(),
            none,
            |args| number(args, "amount").is_some_and(|amount| amount * 2.0 + 1.0 > 1000.0),
        ),
        case("", "args.items.all(i, i.price > 0 && i.name != '')", args_c(), none, |args| {
            items(args, "items").iter().all(|item| {
                number(item, "price").is_some_and(|price| price > 0.0)
                    && text(item, "name").is_some_and(|name| !name.is_empty())
            })
        }),
        case("", "size(args.items) >= 3 && size(args.note) < 10", args_c(), none, |args| {
            items(args, "items").len() >= 3
                && text(args, "note").is_some_and(|note| note.chars().count() < 10)
        }),
        case("", "args.path.matches('/(etc|usr)/[a-z]+$')", args_d(), none, move |args| {
            text(args, "path").is_some_and(|path| tail.is_match(path))
        }),
        case(
            "",
            "!args.to.endsWith('@example.com') && args.subject.contains('invoice')",
            mail(),
            none,
            move |args| {
                text(args, "to").is_some_and(|to| !to.ends_with("@example.com"))
                    && text(args, "subject")
                        .is_some_and(|subject| invoice.find(subject.as_bytes()).is_some())
            },
        ),
        case(
            "",
            "args.from.team.name == 'finance' && args.from.team.size > 5",
            mail(),
            none,
            |args| {
                let team = args.get("from").and_then(|from| from.get("team"));
                team.is_some_and(|team| {
                    text(team, "name") == Some("finance")
                        && number(team, "size").is_some_and(|size| size > 5.0)
                })
            },
        ),
        case("", "has(args.cc) && size(args.cc) == 0 && !has(args.bcc)", mail(), none, |args| {
            args.get("cc").is_some() && items(args, "cc").is_empty() && args.get("bcc").is_none()
        }),
        case(
            "",
            "args.dry_run == false && args.files.exists(f, f.endsWith('.env') || f.contains('secret'))",
            files(),
            none,
            |args| {
                args.get("dry_run").and_then(Value::as_bool) == Some(false)
                    && items(args, "files").iter().filter_map(Value::as_str).any(|file| {
                        file.ends_with(".env")
                            || memchr::memmem::find(file.as_bytes(), b"secret").is_some()
                    })
            },
        ),
        case(
            "",
            "args.region in ['us-east-1', 'us-west-2', 'eu-west-1', 'eu-central-1'] ? args.files.size() < 10 : false",
            files(),
            none,
            |args| {
                let regions = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"];
                text(args, "region").is_some_and(|region| regions.contains(&region))
                    && items(args, "files").len() < 10
            },
        ),
        case(
            "",
            "args.url.matches('^https://[a-z0-9.-]+\\\\.internal(/|$)') && args.method != 'GET'",
            json!({"url": "https://vault.corp.internal/v1/secret", "method": "DELETE"}),
            none,
            move |args| {
                text(args, "url").is_some_and(|url| host.is_match(url))
                    && text(args, "method") != Some("GET")
            },
        ),
        case("", "args.items.filter(i, i.price > 15).size() == 2", args_c(), none, |args| {
            let dear = |item: &&Value| number(item, "price").is_some_and(|price| price > 15.0);
            items(args, "items").iter().filter(dear).count() == 2
        }),
        case(
            "",
            "args.a < args.b && args.b < args.c || args.override",
            json!({"a": 1, "b": 2.5, "c": 3, "override": false}),
            none,
            |args| {
                let [a, b, c] = ["a", "b", "c"].map(|key| number(args, key));
                (a < b && b < c) || args.get("override").and_then(Value::as_bool) == Some(true)
            },
        ),
    ]
}
