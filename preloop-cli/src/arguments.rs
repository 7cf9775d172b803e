//! The command line as a whole: global options, then one command.

use clap::Parser;
use clap::error::ErrorKind;

use crate::command::Command;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Format, Output};

const EXIT_CODES: &str = "Exit codes: 0 done or allowed, 1 failure, 2 wrong usage, 3 invalid document, \
     4 denied, 5 approval required, 6 a check failed";

/// A policy engine for AI agents: says which tool calls an agent may make: allow, deny, or ask a human first
#[derive(Debug, Parser)]
#[command(name = "preloop", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Who reads the output; with json the result object, failed or not, is on standard output
    #[arg(long, global = true, value_enum, default_value = "human", env = "PRELOOP_FORMAT")]
    pub(crate) format: Format,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Reads the command line; where that is all there is to do (help, wrong usage), the exit code.
pub(crate) fn read() -> Result<(Arguments, Output), Exit> {
    match Arguments::try_parse() {
        Ok(arguments) => {
            let output = Output::new(arguments.format);
            if output.is_markdown() && !arguments.command.writes_markdown() {
                let failure = Failure::usage("`--format markdown` is for `policy diff`");
                output.failure(&failure.help("use `human` or `json`"));
                return Err(Exit::Usage);
            }
            if output.is_yaml() && !arguments.command.writes_yaml() {
                let failure = Failure::usage("`--format yaml` is for `policy export`");
                output.failure(&failure.help("use `human` or `json`"));
                return Err(Exit::Usage);
            }
            Ok((arguments, output))
        }
        Err(error) => Err(explain(&error)),
    }
}

fn explain(error: &clap::Error) -> Exit {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that went away does not need the help.
        let _ = error.print();
        return Exit::Done;
    }
    if asks_for_json() {
        let text = error.render().to_string();
        // What is wrong may take several lines, such as the list of what is missing; the usage after it is for people.
        let told = text.lines().map(str::trim).take_while(|line| !line.is_empty());
        let message = told.collect::<Vec<_>>().join(" ");
        let message = message.trim_start_matches("error: ");
        Output::new(Format::Json).failure(&Failure::usage(message).help("see `preloop --help`"));
    } else {
        let _ = error.print();
    }
    Exit::Usage
}

/// The arguments could not be parsed, so the format is looked up by hand.
fn asks_for_json() -> bool {
    let arguments: Vec<_> = std::env::args_os().collect();
    arguments.iter().any(|argument| argument == "--format=json")
        || arguments
            .windows(2)
            .any(|pair| matches!(pair, [key, value] if key == "--format" && value == "json"))
        || std::env::var_os("PRELOOP_FORMAT").is_some_and(|format| format == "json")
}
