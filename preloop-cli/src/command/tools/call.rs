//! `preloop tools call`: one call through the firewall, decided and recorded as an agent's is.

use std::io::{self, Read as _};

use clap::Args;
use preloop_api::ApprovalState;
use preloop_client::Client;
use preloop_core::json;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::agent::{Agent, Told};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style, visible};
use crate::remote::{self, Remote};

/// Options of `tools call`.
#[derive(Debug, Args)]
pub(crate) struct Call {
    /// The tool, as agents call it: `SERVER__TOOL`
    tool: String,

    /// Its arguments: a JSON object, @FILE with one, or `-` for standard input
    #[arg(value_name = "JSON|@FILE|-", default_value = "{}")]
    arguments: String,

    #[command(flatten)]
    remote: Remote,
}

/// Calls, and ends as the call ended.
pub(crate) fn run(call: &Call, output: Output) -> Result<Exit, Failure> {
    let arguments = arguments(&call.arguments)?;
    let (client, key) = call.remote.agent()?;
    let (told, exit) = remote::block_on(async {
        let mut agent = Agent::connect(&client, &key).await?;
        let mut last = String::new();
        let told = agent.call(&call.tool, &arguments, |note| {
            // The same note comes again and again while a call waits.
            if note != last {
                note.clone_into(&mut last);
                output.message(|page| {
                    let label = page.styled(Style::Yellow, "held:");
                    page.line(format!("{label} {}", visible(note)));
                });
            }
        });
        let told = told.await?;
        agent.leave().await;
        let exit = ending(&client.with_token(&key)?, &told).await?;
        Ok((told, exit))
    })?;
    if exit == Exit::Done {
        output.result(&told.result, |page| {
            for line in told.text.lines() {
                page.line(visible(line));
            }
        })?;
        return Ok(exit);
    }
    output.message(|page| {
        let label = match exit {
            Exit::Denied => "denied:",
            Exit::ApprovalRequired => "not run:",
            _ => "failed:",
        };
        let label = page.styled(Style::Red, label);
        page.line(format!("{label} {}", visible(&told.text)));
    });
    if output.is_json() {
        output.result(&told.result, |_| {})?;
    }
    Ok(exit)
}

/// How the call ended, by what the firewall says about it beside the words.
async fn ending(client: &Client, told: &Told) -> Result<Exit, Failure> {
    let about = |key: &str, member: &str| {
        let value = told.result.get("_meta")?.get(key)?.get(member)?;
        value.as_str().map(str::to_owned)
    };
    match about("dev.preloop/decision", "action").as_deref() {
        Some("deny") => Ok(Exit::Denied),
        Some("require_approval") => {
            let id = about("dev.preloop/approval", "id").and_then(|id| id.parse().ok());
            let Some(id) = id else { return Ok(Exit::ApprovalRequired) };
            Ok(match client.approval(id).await?.state {
                ApprovalState::Declined => Exit::Denied,
                ApprovalState::Approved if !told.is_error => Exit::Done,
                _ => Exit::ApprovalRequired,
            })
        }
        _ if told.is_error => Ok(Exit::Failure),
        _ => Ok(Exit::Done),
    }
}

/// The arguments as they are written; numbers stay what they are, digit by digit.
fn arguments(text: &str) -> Result<Box<RawValue>, Failure> {
    let file = if text == "-" { Some(text) } else { text.strip_prefix('@') };
    let bytes = match file {
        Some(file) => read(file).map_err(|cause| {
            Failure::new("unreadable_file", format!("cannot read `{file}`: {cause}"))
        })?,
        None => text.as_bytes().to_vec(),
    };
    let refused = |cause: String| {
        Failure::usage(format!("the arguments are no JSON object: {cause}"))
            .help("write them as in `preloop tools call shop__refund '{\"amount\": 30}'`")
    };
    match json::parse(&bytes) {
        Ok(Value::Object(_)) => {}
        Ok(_) => return Err(refused("an object begins with `{`".to_owned())),
        Err(cause) => return Err(refused(cause.to_string())),
    }
    serde_json::from_slice(&bytes).map_err(|cause| refused(cause.to_string()))
}

/// The bytes of a file, or of standard input as `-`.
fn read(file: &str) -> io::Result<Vec<u8>> {
    if file != "-" {
        return std::fs::read(file);
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}
