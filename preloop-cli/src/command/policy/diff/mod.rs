//! `preloop policy diff`: what changed between two policies, and what the change lets through.

mod fail_on;
mod human;
mod markdown;
mod nothing;
mod words;

use std::path::{Path, PathBuf};

use clap::Args;
use preloop_api::{DiffRequest, PolicyScope};
use preloop_client::{Client, ClientError, PolicyForm};
use preloop_core::ValidPolicy;
use preloop_core::canonical::{export, to_json};
use preloop_core::diff::{BUDGET_DEFAULT, Options, PolicyDiff, ToolSchemas, diff_with};

pub(super) use self::fail_on::{FailOn, has_unknown};
pub(super) use self::human::describe;
pub(super) use self::nothing::{against_nothing, name as name_of_nothing};
use super::source;
use super::stored::document::Document;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, print};
use crate::remote::{self, Remote};

/// Options of `policy diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The policy before: a file or a folder; `-` is standard input. Alone it is compared with what is live at the server
    before: PathBuf,

    /// The policy after
    after: Option<PathBuf>,

    /// With one policy: compare with what is live there: `account`, `team:NAME`, `agent:NAME` or `flow:NAME` [default: account]
    #[arg(long)]
    scope: Option<PolicyScope>,

    /// End with exit code 6 only for these verdicts, not for every change
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT")]
    fail_on: Vec<FailOn>,

    /// Tools with their input schemas, as an MCP server lists them: examples are then calls that the tools take
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,

    /// The most calls to try for one kind of tool
    #[arg(long, value_name = "CALLS", default_value_t = BUDGET_DEFAULT)]
    budget: u64,

    #[command(flatten)]
    remote: Remote,
}

/// Compares.
pub(crate) fn run(options: &Diff, output: Output) -> Result<Exit, Failure> {
    match &options.after {
        Some(after) => between(options, after, output),
        None => with_live(options, output),
    }
}

/// Two policies that are at hand.
fn between(options: &Diff, after: &Path, output: Output) -> Result<Exit, Failure> {
    if options.scope.is_some() {
        return Err(Failure::usage("`--scope` names what is live, and two policies are given")
            .help("leave one of the policies away, or `--scope`"));
    }
    let paths = [options.before.as_path(), after];
    if paths.into_iter().all(source::is_stdin) {
        return Err(Failure::usage("`-` is standard input, and it is named more than once")
            .help("put one of the policies into a file"));
    }
    let before = match source::valid(&options.before, output)? {
        Ok(policy) => policy,
        Err(exit) => return Ok(exit),
    };
    let after = match source::valid(after, output)? {
        Ok(policy) => policy,
        Err(exit) => return Ok(exit),
    };
    let schemas = options.tools.as_deref().map(schemas).transpose()?;
    let how = Options { budget: options.budget, schemas: schemas.as_ref() };
    let report = diff_with(&before, &after, how);
    told(&report, &paths.map(source::name), options, output)
}

/// What is live, which only its server knows, and a policy that is at hand.
fn with_live(options: &Diff, output: Output) -> Result<Exit, Failure> {
    let document = match Document::read(&options.before, output)? {
        Ok(document) => document,
        Err(exit) => return Ok(exit),
    };
    let scope = options.scope.clone().unwrap_or_default();
    let client = options.remote.client()?;
    let schemas = options.tools.as_deref().map(schemas).transpose()?;
    let how = Options { budget: options.budget, schemas: schemas.as_ref() };
    let asks_more = schemas.is_some() || options.budget != BUDGET_DEFAULT;
    let report = remote::block_on(async {
        if asks_more {
            return compared_here(&client, &document, &scope, how).await;
        }
        let request = DiffRequest {
            policy: Some(document.input()),
            scope: Some(scope.clone()),
            ..DiffRequest::default()
        };
        nothing_there(client.policy_diff(&request).await)
            .map_err(|error| document.refused(error, output))
    })?;
    let after = document.name().to_owned();
    if let Some(report) = report {
        return told(&report, &[format!("live in {scope}"), after], options, output);
    }
    let report = against_nothing(&scope, document.policy()).ok_or_else(uncompared)?;
    told(&report, &[name_of_nothing(&scope), after], options, output)
}

/// The comparison with what is live, made here: the server looks no harder than a request can wait for. Credentials are
/// no part of it, on neither side.
async fn compared_here(
    client: &Client,
    document: &Document,
    scope: &PolicyScope,
    how: Options<'_>,
) -> Result<Option<PolicyDiff>, Failure> {
    let form = PolicyForm { json: true, ..PolicyForm::default() };
    let exported = nothing_there(client.policy_export(scope, form).await)?;
    let Some(live) = exported else { return Ok(None) };
    let given = to_json(&export(document.policy().document().clone()));
    let sides = [live, given].map(|text| ValidPolicy::parse(&text));
    let [Ok(before), Ok(after)] = sides else { return Err(uncompared()) };
    Ok(Some(diff_with(&before, &after, how)))
}

/// None where there is no policy in the scope.
fn nothing_there<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.code() == "no_policy" => Ok(None),
        Err(error) => Err(error),
    }
}

fn uncompared() -> Failure {
    Failure::new("not_compared", "what is live cannot be read by this version of preloop")
        .help("leave `--tools` and `--budget` away, so that the server compares")
}

fn told(
    report: &PolicyDiff,
    names: &[String; 2],
    options: &Diff,
    output: Output,
) -> Result<Exit, Failure> {
    if output.is_markdown() {
        print(&markdown::comment(report))?;
    } else {
        output.result(report, |page| describe(page, report, names))?;
    }
    let differs = match options.fail_on.as_slice() {
        [] => report.changed,
        verdicts => verdicts.iter().any(|verdict| verdict.is_met(report)),
    };
    Ok(if differs { Exit::Differs } else { Exit::Done })
}

/// The schemas of a file with a list of tools.
fn schemas(path: &Path) -> Result<ToolSchemas, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(
            "unreadable_tools",
            format!("cannot read the tools of `{}`: {error}", path.display()),
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    let listing = preloop_core::json::parse(&text).map_err(|error| unreadable(&error))?;
    ToolSchemas::read(&listing).map_err(|error| unreadable(&error))
}
