//! `preloop demo`: an agent's calls are allowed, denied and held, on the real server, within a minute.

pub(crate) mod sample_server;
mod scene;
mod stage;
mod trail;
mod vote;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use self::scene::Scene;
use self::stage::Stage;
use crate::agent::Agent;
use crate::command::{audit, serve};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style, visible};

const TOOLS_INTERVAL: Duration = Duration::from_millis(50);
const TOOLS_PATIENCE: Duration = Duration::from_secs(20);

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Approve the held call by itself, after showing it
    #[arg(long, short)]
    yes: bool,

    /// Leave the server running afterwards, to connect an agent of your own
    #[arg(long)]
    keep: bool,

    /// Where the server listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// Plays the demo.
pub(crate) fn run(demo: &Demo, output: Output) -> Result<Exit, Failure> {
    serve::Logging::quiet().start()?;
    serve::multi_threaded()?.block_on(async {
        let stage = tokio::select! {
            biased;
            stopped = serve::stop_signal() => return stopped.map(|()| Exit::Done),
            stage = Stage::set(demo.listen, output) => stage?,
        };
        let stage = match stage {
            Ok(stage) => stage,
            Err(exit) => return Ok(exit),
        };
        let played = tokio::select! {
            biased;
            stopped = serve::stop_signal() => stopped.map(|()| Exit::Done),
            played = play(demo, &stage, output) => played,
        };
        let cleared = stage.clear().await;
        let exit = played?;
        cleared?;
        output.show(|page| {
            let note = page.styled(Style::Dim, "The server is stopped and its files are removed.");
            page.blank().line(note);
        })?;
        Ok(exit)
    })
}

async fn play(demo: &Demo, stage: &Stage, output: Output) -> Result<Exit, Failure> {
    open(stage, output)?;
    let mut agent = Agent::connect(&stage.owner, &stage.address.agent_key).await?;
    let tools = offered(&mut agent).await?;
    output.show(|page| {
        page.pair("agent sees", tools.join(", ")).blank();
    })?;
    let mut played = Vec::new();
    for scene in Scene::all(&tools)? {
        played.push(scene.play(&mut agent, stage, demo.yes, output).await?);
    }
    let trail = trail::settled(&stage.owner).await?;
    let result = json!({ "url": stage.address.url, "steps": played, "audit": trail });
    output.result(&result, |page| {
        let heading = page.styled(Style::Bold, "The audit trail");
        let note =
            page.styled(Style::Dim, "every attempt, decision, vote and result, chained by hashes");
        page.line(format!("{heading}  {note}"));
        let rows: Vec<_> =
            trail.iter().map(|record| audit::row(record, audit::Shown::TimeOfDay)).collect();
        page.table(&audit::HEADINGS, &rows);
    })?;
    if demo.keep {
        stay(stage, output)?;
        serve::stop_signal().await?;
    }
    Ok(Exit::Done)
}

/// What the agent is offered, once the sample tools are up.
async fn offered(agent: &mut Agent) -> Result<Vec<String>, Failure> {
    let started = Instant::now();
    loop {
        let tools = agent.tools().await?;
        if !tools.is_empty() || started.elapsed() > TOOLS_PATIENCE {
            return Ok(tools);
        }
        tokio::time::sleep(TOOLS_INTERVAL).await;
    }
}

fn open(stage: &Stage, output: Output) -> Result<(), Failure> {
    output.show(|page| {
        let title = page.styled(Style::Bold, "Preloop demo");
        page.line(format!("{title}  an agent at work, and a policy that decides what it may do"));
        page.blank();
        page.pair("server", format!("{}  (real, but for this demo only)", stage.address.url));
        page.pair("policy", stage.policy().display().to_string());
        page.pair("behind it", "a small office with files, mail and refunds, all made up");
    })
}

fn stay(stage: &Stage, output: Output) -> Result<(), Failure> {
    output.show(|page| {
        page.blank();
        stage.address.describe_agents(page);
        page.blank();
        stage.address.describe_approvals(page);
        page.blank();
        let heading = page.styled(Style::Bold, "Change the policy while it runs");
        page.line(heading);
        page.line(format!("    {}", visible(&stage.policy().display().to_string())));
        page.blank();
        let note =
            page.styled(Style::Dim, "The server goes on until Ctrl-C, which removes everything.");
        page.line(note);
    })
}
