//! The log of a server: structured, on standard error, never with secrets.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Options of the log.
#[derive(Debug, Args)]
pub(crate) struct Logging {
    /// What is logged: error, warn, info, debug or trace; for a part as in `info,preloop_server::mcp=debug`
    #[arg(long, env = "PRELOOP_LOG", value_name = "FILTER", default_value = "info")]
    log: String,

    /// How it is logged
    #[arg(long, env = "PRELOOP_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
}

/// Who reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A person.
    Text,
    /// A program: one object a line.
    Json,
}

impl Logging {
    /// A log that only tells of trouble, for commands that speak for themselves.
    pub(crate) fn quiet() -> Self {
        Self { log: "error".to_owned(), log_format: LogFormat::Text }
    }

    /// Starts the log for the whole process.
    pub(crate) fn start(&self) -> Result<(), Failure> {
        let filter = EnvFilter::try_new(&self.log).map_err(|cause| {
            Failure::usage(format!("`{}` is no log filter: {cause}", self.log))
                .help("write it as in `info` or `warn,preloop_server=debug`")
        })?;
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_target(false);
        let started = match self.log_format {
            LogFormat::Text => {
                let colours = crate::output::Paint::for_stream(&std::io::stderr()).is_on();
                log.with_ansi(colours).try_init()
            }
            LogFormat::Json => log.json().try_init(),
        };
        started.map_err(|cause| Failure::new("log", format!("cannot start the log: {cause}")))
    }
}
