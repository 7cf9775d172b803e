//! `preloop policy export`: what is live, as a document.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use preloop_api::PolicyScope;
use preloop_client::{Client, PolicyForm};
use serde_json::json;

use super::super::fmt::replace;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, print, visible};
use crate::remote::{self, Remote};

/// Options of `policy export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Name of the policy, as `policy list` says it [default: the account's policy]
    #[arg(conflicts_with = "scope")]
    name: Option<String>,

    /// The policy of this scope: `account`, `team:NAME`, `agent:NAME` or `flow:NAME`
    #[arg(long)]
    scope: Option<PolicyScope>,

    /// In which order keys stand: of the manual, or of the alphabet
    #[arg(long, value_enum, default_value = "manual")]
    style: Order,

    /// Write to this file instead; one that ends in `.json` gets JSON
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    remote: Remote,
}

/// The order of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    /// As in the manual
    Manual,
    /// As in the alphabet
    Sorted,
}

/// Exports.
pub(crate) fn run(export: &Export, output: Output) -> Result<Exit, Failure> {
    let client = export.remote.client()?;
    let is_json_file = export.output.as_ref().is_some_and(|file| {
        file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
    });
    let form = PolicyForm {
        json: output.is_json() || (is_json_file && !output.is_yaml()),
        sorted: export.style == Order::Sorted,
    };
    let (scope, text) = remote::block_on(async {
        let scope = match &export.name {
            Some(name) => scope_of(&client, name).await?,
            None => export.scope.clone().unwrap_or_default(),
        };
        let text = client.policy_export(&scope, form).await?;
        Ok((scope, text))
    })?;
    let Some(file) = &export.output else {
        print(&text)?;
        return Ok(Exit::Done);
    };
    write(file, &text)?;
    let name = file.display().to_string();
    output.result(&json!({ "file": name, "scope": scope }), |page| {
        page.line(format!("wrote the policy of {scope} to {}", visible(&name)));
    })?;
    Ok(Exit::Done)
}

async fn scope_of(client: &Client, name: &str) -> Result<PolicyScope, Failure> {
    let policies = remote::all(async |cursor| client.policies(cursor.as_deref()).await).await?;
    if let Some(policy) = policies.iter().find(|policy| policy.name == name) {
        return Ok(policy.scope.clone());
    }
    let names: Vec<String> = policies.iter().map(|policy| format!("`{}`", policy.name)).collect();
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(Failure::new("policy_not_found", format!("no policy is named `{name}`"))
        .help(format!("there are: {there}")))
}

/// Writes the whole file; one that is there is replaced at once or stays as it is.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let written = if file.is_file() { replace(file, text) } else { std::fs::write(file, text) };
    written.map_err(|cause| {
        Failure::new("unwritable_file", format!("cannot write `{}`: {cause}", file.display()))
    })
}
