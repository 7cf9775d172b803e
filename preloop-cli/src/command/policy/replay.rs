//! `preloop policy replay`: which recorded calls a policy would decide otherwise.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use preloop_core::CompiledPolicy;
use preloop_core::diff::Verdict;
use preloop_core::replay::{Group, Replay as Replaying, ReplayReport, Sample, Side};

use super::lines::Lines;
use super::report::counted;
use super::{action_style, source};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Page, Style, prompt, visible};

/// How often the progress is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(200);
/// How many lines pass before the time is looked at.
const LINES_BETWEEN: u64 = 2_048;
/// Width of the bar, in characters.
const BAR: u64 = 24;
/// Groups that a person is shown; the rest is counted.
const GROUPS_SHOWN: usize = 40;
/// Bad lines that a person is shown.
const BAD_SHOWN: usize = 10;

/// Options of `policy replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Recorded decisions, one a line, as from `/decisions` or the audit trail; `-` is standard input
    #[arg(long, required = true, value_name = "FILE")]
    log: Vec<PathBuf>,

    /// The policy to replay them against: a file or a folder
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
}

/// Replays.
pub(crate) fn run(options: &Replay, output: Output) -> Result<Exit, Failure> {
    let inputs = options.log.iter().chain([&options.policy]);
    if inputs.filter(|path| source::is_stdin(path)).count() > 1 {
        return Err(Failure::usage("`-` is standard input, and it is named more than once")
            .help("put all but one of them into files"));
    }
    let policy = match source::valid(&options.policy, output)? {
        Ok(policy) => CompiledPolicy::compile(policy),
        Err(exit) => return Ok(exit),
    };
    let mut replay = Replaying::new(&policy);
    let started = Instant::now();
    let mut progress = Progress::new(&options.log, output);
    for file in &options.log {
        replay_file(file, &mut replay, &mut progress)?;
    }
    progress.clear();
    let report = replay.finish();
    let seconds = started.elapsed().as_secs_f64();
    output.result(&report, |page| describe(page, &report, seconds))?;
    Ok(if report.changed > 0 {
        Exit::Differs
    } else if report.bad > 0 {
        Exit::Failure
    } else {
        Exit::Done
    })
}

fn replay_file(
    file: &Path,
    replay: &mut Replaying<'_>,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let name = source::name(file);
    let mut lines = Lines::open(file)?;
    let mut number = 0_u64;
    while let Some(line) = lines.next()? {
        number = number.saturating_add(1);
        match line {
            Ok(line) => {
                progress.add(line.len());
                replay.line(&name, number, line);
            }
            Err(bad) => replay.unreadable_line(&name, number, bad.message),
        }
        if number.is_multiple_of(LINES_BETWEEN) {
            progress.draw(replay);
        }
    }
    Ok(())
}

/// How far the replay is, drawn on one line of a terminal.
struct Progress {
    is_shown: bool,
    /// Bytes of all files; none where that cannot be known beforehand.
    total: Option<u64>,
    done: u64,
    started: Instant,
    drawn: Option<Instant>,
}

impl Progress {
    fn new(files: &[PathBuf], output: Output) -> Self {
        let size = |file: &PathBuf| {
            let known = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file);
            known.map(|known| known.len())
        };
        Self {
            is_shown: !output.is_json() && io::stderr().is_terminal(),
            total: files.iter().map(size).sum(),
            done: 0,
            started: Instant::now(),
            drawn: None,
        }
    }

    fn add(&mut self, bytes: usize) {
        self.done = self.done.saturating_add(u64::try_from(bytes).unwrap_or(0)).saturating_add(1);
    }

    fn draw(&mut self, replay: &Replaying<'_>) {
        if !self.is_shown || self.drawn.is_some_and(|drawn| drawn.elapsed() < DRAW_EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        let part = self.total.and_then(|total| {
            let percent = self.done.saturating_mul(100).checked_div(total)?.min(100);
            let full = usize::try_from(percent.saturating_mul(BAR) / 100).ok()?;
            let width = usize::try_from(BAR).ok()?;
            Some(format!("[{:<width$}] {percent:>3} %  ", "=".repeat(full)))
        });
        let speed = rate(replay.lines(), self.started.elapsed().as_secs_f64());
        prompt(&format!(
            "\r\u{1b}[K{}{} lines, {} changed, {speed} a second",
            part.unwrap_or_default(),
            grouped(replay.lines()),
            grouped(replay.changed()),
        ));
    }

    /// Leaves the terminal as it was.
    fn clear(&self) {
        if self.drawn.is_some() {
            prompt("\r\u{1b}[K");
        }
    }
}

fn describe(page: &mut Page, report: &ReplayReport, seconds: f64) {
    let verdict = if report.replayed == 0 {
        page.styled(Style::Yellow, "no decision was replayed")
    } else if report.changed == 0 {
        page.styled(Style::Green, "nothing would be decided otherwise")
    } else {
        let style = if report.loosened > 0 { Style::Red } else { Style::Yellow };
        let text = format!("{} would be decided otherwise", decisions(report.changed));
        page.styled(style, &text)
    };
    page.line(verdict);
    page.pair("policy", format!("{} {}", report.policy.name, report.policy.digest));
    let speed = rate(report.lines, seconds);
    page.pair("replayed", format!("{} ({speed} a second)", decisions(report.replayed)));
    page.pair("the same", grouped(report.same));
    page.pair(
        "changed",
        format!(
            "{}: {} loosened, {} tightened",
            grouped(report.changed),
            grouped(report.loosened),
            grouped(report.tightened)
        ),
    );
    if report.not_replayable > 0 {
        page.pair("not replayed", grouped(report.not_replayable));
    }
    if report.others > 0 {
        page.pair("other records", grouped(report.others));
    }
    for each in report.groups.iter().take(GROUPS_SHOWN) {
        page.blank();
        group(page, each);
    }
    if let Some(more) = report.groups.len().checked_sub(GROUPS_SHOWN).filter(|more| *more > 0) {
        page.blank().line(format!("{} of changes more; see --format json", counted(more, "kind")));
    }
    if !report.unreplayed.is_empty() {
        page.blank().line("Not replayed");
    }
    for each in &report.unreplayed {
        page.line(format!("  {}  {}", grouped(each.count), visible(&each.reason)));
        if let Some(sample) = each.samples.first() {
            let place = page.styled(Style::Dim, &place(sample));
            page.line(format!("      first at {place}"));
        }
    }
    bad_lines(page, report);
}

fn bad_lines(page: &mut Page, report: &ReplayReport) {
    if report.bad == 0 {
        return;
    }
    let title = page.styled(Style::Red, &format!("{} cannot be read", lines(report.bad)));
    page.blank().line(title);
    for bad in report.bad_lines.iter().take(BAD_SHOWN) {
        page.line(format!("  {}:{}: {}", visible(&bad.file), bad.line, visible(&bad.message)));
    }
    let shown = u64::try_from(report.bad_lines.len().min(BAD_SHOWN)).unwrap_or(0);
    if report.bad > shown {
        page.line(format!("  and {} more", grouped(report.bad.saturating_sub(shown))));
    }
}

fn group(page: &mut Page, group: &Group) {
    let (style, word) = match group.verdict {
        Verdict::Loosened => (Style::Red, "loosened"),
        Verdict::Tightened => (Style::Cyan, "tightened"),
        Verdict::SameMeaning | Verdict::Unknown | Verdict::Both => {
            (Style::Yellow, "another workflow")
        }
    };
    let word = page.styled(style, word);
    let [before, after] = [&group.before, &group.after].map(|side| {
        let action = page.styled(action_style(side.action), side.action.as_str());
        format!("{action} by {}", visible(&decider(side)))
    });
    page.line(format!("{}  {word}: {before} -> {after}", grouped(group.count)));
    for sample in &group.samples {
        let place = page.styled(Style::Dim, &format!("{:<12}", place(sample)));
        let args = serde_json::to_string(&sample.call.args).unwrap_or_default();
        let call = crate::output::shortened(&args, 160).into_owned();
        page.line(format!("    {place} {} {}", visible(&sample.call.tool.name), visible(&call)));
    }
}

/// Who decided: a rule, or what holds where none does.
fn decider(side: &Side) -> String {
    let decider = match (&side.rule, &side.path) {
        (Some(name), Some(path)) if name != path => format!("{name} ({path})"),
        (Some(name), _) => name.clone(),
        (None, _) => side.reason.to_owned(),
    };
    match &side.approval_workflow {
        Some(workflow) => format!("{decider}, workflow {workflow}"),
        None => decider,
    }
}

fn place(sample: &Sample) -> String {
    format!("{}:{}", visible(&sample.file), sample.line)
}

fn decisions(count: u64) -> String {
    let noun = if count == 1 { "decision" } else { "decisions" };
    format!("{} {noun}", grouped(count))
}

fn lines(count: u64) -> String {
    let noun = if count == 1 { "line" } else { "lines" };
    format!("{} {noun}", grouped(count))
}

/// How many a second.
fn rate(count: u64, seconds: f64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people, of lines that are far fewer than what a double can count"
    )]
    let rate = (count as f64 / seconds.max(0.001)) as u64;
    grouped(rate)
}

/// A number with its thousands set apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_add(6));
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && digits.len().saturating_sub(position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        let shown = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
