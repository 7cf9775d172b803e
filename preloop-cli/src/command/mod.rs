//! The commands, one file each, and the way from the command line to them.

mod approvals;
mod audit;
mod completions;
mod demo;
mod keys;
mod login;
mod policy;
mod secrets;
mod serve;
mod servers;
mod teams;
mod tools;
mod users;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See an agent's calls allowed, denied and held for approval, on a throwaway server
    Demo(demo::Demo),
    /// Run the server: MCP firewall, decisions, approvals, audit trail
    Serve(Box<serve::Serve>),
    /// Check and try policies, and bring them into force at a server
    #[command(subcommand)]
    Policy(policy::Policy),
    /// See and decide the calls that wait for approval
    #[command(subcommand)]
    Approvals(approvals::Approvals),
    /// Read and verify the audit trail
    #[command(subcommand)]
    Audit(audit::Audit),
    /// See the tools that MCP servers offer, accept new and changed ones
    #[command(subcommand)]
    Tools(tools::Tools),
    /// See the MCP servers, add, remove and scan them
    #[command(subcommand)]
    Servers(servers::Servers),
    /// Replace the key that seals stored credentials
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    /// Make, list, rotate and revoke API keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// List, invite, change and disable the users of the account
    #[command(subcommand)]
    Users(users::Users),
    /// List, make and delete teams, and say who is in them
    #[command(subcommand)]
    Teams(teams::Teams),
    /// Sign in at a server; other commands act with that from now on
    Login(login::Login),
    /// Sign out of a server
    Logout(login::Logout),
    /// Say who acts, and what it may do
    Whoami(login::Whoami),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// The MCP server of the demo: harmless tools over made-up data, on standard input and output
    #[command(hide = true)]
    DemoTools,
}

impl Command {
    /// Whether the result can be a comment on a pull request.
    pub(crate) const fn writes_markdown(&self) -> bool {
        matches!(self, Self::Policy(policy::Policy::Diff(_)))
    }

    /// Whether the result can be a document.
    pub(crate) const fn writes_yaml(&self) -> bool {
        matches!(self, Self::Policy(policy::Policy::Export(_)))
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Demo(demo) => demo::run(&demo, output),
        Command::Serve(serve) => serve::run(*serve, output),
        Command::Policy(policy) => policy::run(policy, output),
        Command::Approvals(approvals) => approvals::run(approvals, output),
        Command::Audit(audit) => audit::run(audit, output),
        Command::Tools(tools) => tools::run(tools, output),
        Command::Servers(servers) => servers::run(servers, output),
        Command::Secrets(secrets) => secrets::run(secrets, output),
        Command::Keys(keys) => keys::run(keys, output),
        Command::Users(users) => users::run(users, output),
        Command::Teams(teams) => teams::run(teams, output),
        Command::Login(login) => login::login(&login, output),
        Command::Logout(logout) => login::logout(&logout, output),
        Command::Whoami(whoami) => login::whoami(&whoami, output),
        Command::Completions(completions) => completions::run(&completions),
        Command::DemoTools => demo::sample_server::run(),
    }
}
