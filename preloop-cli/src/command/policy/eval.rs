//! `preloop policy eval`: what a document says about one call, or about a file of calls.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use preloop_core::decision::TraceItem;
use preloop_core::{Action, CallRecord, CompiledPolicy, Decision, json};
use preloop_server::clock::{Clock as _, SystemClock};
use serde_json::{Map, Value};

use super::{action_style, calls, source};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Page, Style, visible};

/// Options of `policy eval`.
#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// The policy: a file, or a folder whose files are merged; `-` is standard input
    policy: PathBuf,

    /// The tool that is called, by its own name at its server
    #[arg(long, required_unless_present = "calls")]
    tool: Option<String>,

    /// Its arguments: a JSON object, or @FILE with one
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}", conflicts_with = "calls")]
    args: String,

    /// Where the tool lives: mcp, builtin, http, agent, or the name of an MCP server
    #[arg(long, conflicts_with = "calls")]
    source: Option<String>,

    /// Facts about the situation: a JSON object, or @FILE with one
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "calls")]
    context: Option<String>,

    /// Who calls: a JSON object with id, kind, name, roles, teams
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "calls")]
    principal: Option<String>,

    /// What was called before: a JSON object with id and calls
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "calls")]
    session: Option<String>,

    /// When the call is made [default: now]
    #[arg(long, value_name = "RFC3339", conflicts_with = "calls")]
    now: Option<String>,

    /// Why the agent makes the call
    #[arg(long, value_name = "TEXT", conflicts_with = "calls")]
    justification: Option<String>,

    /// One call a line, as JSON; prints one decision a line in the same order; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "tool")]
    calls: Option<PathBuf>,

    /// Say for each rule whether it matched, and the values of its parts
    #[arg(long)]
    explain: bool,
}

/// Decides.
pub(crate) fn run(eval: &Eval, output: Output) -> Result<Exit, Failure> {
    eval.check_standard_input()?;
    let policy = match source::valid(&eval.policy, output)? {
        Ok(valid) => CompiledPolicy::compile(valid),
        Err(exit) => return Ok(exit),
    };
    if let Some(file) = &eval.calls {
        return calls::run(&policy, file, eval.explain);
    }
    let mut record = eval.record()?;
    if record.now.is_none() {
        record.now = Some(SystemClock.now());
    }
    let call = record.call();
    let decision =
        if eval.explain { policy.explain(&call) } else { policy.evaluate(&call).into_owned() };
    output.result(&decision, |page| describe(page, &decision))?;
    Ok(match decision.action {
        Action::Allow => Exit::Done,
        Action::Deny => Exit::Denied,
        Action::RequireApproval => Exit::ApprovalRequired,
    })
}

impl Eval {
    /// Standard input can be read once; a second reader would find it empty and decide nothing.
    fn check_standard_input(&self) -> Result<(), Failure> {
        let files = [Some(self.policy.as_path()), self.calls.as_deref()];
        let values = [
            Some(self.args.as_str()),
            self.context.as_deref(),
            self.principal.as_deref(),
            self.session.as_deref(),
        ];
        let readers = files.into_iter().flatten().filter(|file| source::is_stdin(file)).count()
            + values.into_iter().flatten().filter(|text| *text == "@-").count();
        if readers > 1 {
            return Err(Failure::usage("`-` is standard input, and it is named more than once")
                .help("put all but one of them into files"));
        }
        Ok(())
    }

    /// The call, put together as a line of `--calls` and read by the same rules.
    fn record(&self) -> Result<CallRecord, Failure> {
        let mut line = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                line.insert(name.to_owned(), value);
            }
        };
        set("tool", self.tool.clone().map(Value::from));
        set("args", Some(value("--args", &self.args)?));
        set("source", self.source.clone().map(Value::from));
        set("context", optional("--context", self.context.as_deref())?);
        set("principal", optional("--principal", self.principal.as_deref())?);
        set("session", optional("--session", self.session.as_deref())?);
        set("now", self.now.clone().map(Value::from));
        set("justification", self.justification.clone().map(Value::from));
        CallRecord::from_value(Value::Object(line)).map_err(|error| {
            let failure = Failure::usage(error.message);
            match error.help {
                Some(help) => failure.help(help),
                None => failure,
            }
        })
    }
}

fn optional(option: &str, text: Option<&str>) -> Result<Option<Value>, Failure> {
    text.map(|text| value(option, text)).transpose()
}

/// The JSON of an option, written there or in the file that it names.
fn value(option: &str, text: &str) -> Result<Value, Failure> {
    let parsed = match text.strip_prefix('@') {
        Some(file) => {
            let file = Path::new(file);
            let mut bytes = Vec::new();
            source::lines(file)?
                .read_to_end(&mut bytes)
                .map_err(|cause| source::unreadable(file, &cause))?;
            json::parse(&bytes)
        }
        None => json::parse(text),
    };
    parsed.map_err(|cause| {
        Failure::usage(format!("`{option}` is no JSON: {cause}"))
            .help(format!("write it as in {option} '{{\"amount\": 30}}'"))
    })
}

fn describe(page: &mut Page, decision: &Decision) {
    let action = page.styled(action_style(decision.action), decision.action.as_str());
    let reason = page.styled(Style::Dim, decision.reason.as_str());
    page.line(format!("{action}  {reason}"));
    page.pair("message", &decision.message);
    if let Some(rule) = &decision.rule {
        let name = rule.name.as_deref().or(rule.description.as_deref()).unwrap_or_default();
        page.pair("rule", format!("{} {name}", rule.path).trim_end());
        if let Some(expression) = &rule.expression {
            page.pair("condition", expression);
        }
    }
    if let Some(workflow) = &decision.approval_workflow {
        page.pair("workflow", workflow);
    }
    for error in &decision.errors {
        let place = match (error.line, error.column) {
            (Some(line), Some(column)) => {
                format!(" at {}{line}:{column}", file(error.file.as_deref()))
            }
            _ => String::new(),
        };
        page.pair("error", format!("{}{place}: {}", error.rule, error.message));
    }
    page.pair("policy", format!("{} {}", decision.policy.name, decision.policy.digest));
    if let Some(trace) = &decision.trace {
        page.blank();
        describe_trace(page, trace);
    }
}

/// Of a policy in a folder: which file a line is counted in.
fn file(name: Option<&str>) -> String {
    name.map(|name| format!("{}:", visible(name))).unwrap_or_default()
}

/// The rules in order, each with the parts of its condition.
pub(super) fn describe_trace(page: &mut Page, trace: &[TraceItem]) {
    let mut rule = "";
    for item in trace {
        describe_item(page, item, item.rule == rule);
        rule = &item.rule;
    }
}

/// A rule and what became of it, or below it a part of its condition and its value.
fn describe_item(page: &mut Page, item: &TraceItem, is_part: bool) {
    let expression = visible(item.expression.as_deref().unwrap_or("(always)")).into_owned();
    if is_part {
        let value = item.value.as_ref().map_or_else(|| item.message.clone(), Value::to_string);
        let sign = if item.kind == "value" { "=" } else { "!" };
        let value = page.styled(Style::Dim, &format!("{sign} {}", visible(&value)));
        let mark = if item.kind == "value" && !item.message.is_empty() {
            page.styled(Style::Yellow, &format!("  <- {}", item.message))
        } else {
            String::new()
        };
        page.line(format!("      {expression} {value}{mark}"));
        return;
    }
    let style = match item.kind.as_str() {
        "matched" => Style::Bold,
        "error" => Style::Red,
        _ => Style::Dim,
    };
    let message = page.styled(style, &visible(&item.message));
    let place = match (&item.file, item.line) {
        (Some(file), Some(line)) => format!(" ({}:{line})", visible(file)),
        _ => String::new(),
    };
    page.line(format!("  {}{place}  {message}", visible(&item.rule)));
    page.line(format!("    {expression}"));
}
