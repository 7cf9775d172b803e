//! The tutorials, each played from its first line to its last: their files are written, their commands are run, and
//! what these print is what the page shows.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use preloop_testbed::Terminal;

use crate::support::{Place, Server, root};

/// A block of a page between fences.
struct Block {
    language: String,
    /// The file that it is, if it is one.
    file: String,
    text: String,
}

fn blocks(path: &str) -> Vec<Block> {
    let page = std::fs::read_to_string(root().join(path)).expect(path);
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), open.as_mut()) {
            (Some(""), Some(_)) => blocks.extend(open.take()),
            (Some(fence), None) => {
                let (language, file) = fence.split_once(' ').unwrap_or((fence, ""));
                let (language, file) = (language.to_owned(), file.to_owned());
                open = Some(Block { language, file, text: String::new() });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            _ => {}
        }
    }
    assert!(open.is_none(), "a fence of {path} stays open");
    blocks
}

/// A folder for the files of a page, in which `preloop` is found.
struct Desk {
    place: Place,
    bin: PathBuf,
    /// The server that the page starts, on a port of its own.
    server: Option<Server>,
}

impl Desk {
    fn new() -> Self {
        let place = Place::new();
        let bin = place.path(".bin");
        std::fs::create_dir(&bin).expect("a directory");
        let preloop = env!("CARGO_BIN_EXE_preloop");
        std::os::unix::fs::symlink(preloop, bin.join("preloop")).expect("a link");
        Self { place, bin, server: None }
    }

    fn command(&self, command: &str) -> Command {
        let path = std::env::var("PATH").expect("a path");
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {command}")]).current_dir(self.place.path("."));
        shell.env("PATH", format!("{}:{path}", self.bin.display()));
        shell.env("NO_COLOR", "1");
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(server) = &self.server {
            shell.env("PRELOOP_URL", server.text("url"));
            shell.env("PRELOOP_DATA_DIR", server.text("data_dir"));
        }
        shell
    }

    /// Runs the lines of a block; what they printed.
    fn run_all(&mut self, lines: &str) -> String {
        let mut all = String::new();
        for line in lines.lines() {
            if line == "preloop serve" {
                self.server = Some(Server::start_in(Place::new(), &[]));
            } else if line.contains("--watch") {
                self.watch(line);
            } else {
                all.push_str(&self.run(line));
            }
        }
        all
    }

    /// Runs the command of a block at a terminal and types what the block answers there; what was shown.
    fn talk(&self, block: &str) -> String {
        let (line, screen) = block.split_once('\n').expect("a command");
        let line = line.strip_prefix("$ ").expect("a command behind a `$`");
        let mut terminal = Terminal::start(self.command(line));
        let mut shown = format!("$ {line}\n");
        for question in screen.split("[y/N] ").skip(1) {
            shown.push_str(&terminal.reads("[y/N] "));
            terminal.types(question.lines().next().expect("an answer"));
        }
        shown.push_str(&terminal.ends().1);
        shown
    }

    /// Runs a line of the page; what it printed. An exit code other than 0 stands behind it.
    fn run(&self, line: &str) -> String {
        let (command, code) = match line.split_once(" #") {
            Some((command, note)) => {
                let code = note.trim().strip_prefix("exit code ").expect("an exit code");
                (command.trim(), code.parse().expect("a number"))
            }
            None => (line, 0),
        };
        let output = self.command(command).output().expect("a shell");
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8(printed).expect("text");
        assert_eq!(output.status.code(), Some(code), "`{command}`: {printed}");
        printed
    }

    /// Runs a line that does not end by itself until it waits.
    fn watch(&self, line: &str) {
        let mut child = self.command(line).spawn().expect("a shell");
        let lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let said = lines.map_while(Result::ok).any(|line| line.contains("waiting for a change"));
        child.kill().expect("the command is stopped");
        child.wait().expect("the command ends");
        assert!(said, "`{line}` did not wait for a change");
    }
}

/// The same with what is another one every time.
fn steady(printed: &str) -> String {
    let mut steady = String::new();
    let mut rest = printed;
    while let Some(at) = rest.find("sha256:") {
        let (before, digest) = rest.split_at(at);
        steady.push_str(before);
        steady.push_str("sha256:...");
        rest = digest
            .trim_start_matches("sha256:")
            .trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    steady.push_str(rest);
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    steady.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The word, or one instant for all of them.
fn word(word: &str) -> &str {
    let is_instant = word.len() == 20 && word.starts_with("20") && word.ends_with('Z');
    if is_instant { "2026-11-21T12:00:00Z" } else { word }
}

/// Plays a page; with `PRELOOP_GENERATE` what is printed is written into it.
fn play(path: &str) {
    let mut desk = Desk::new();
    let mut printed = None;
    let mut commands = 0;
    let mut page = std::fs::read_to_string(root().join(path)).expect(path);
    let mut played = 0;
    for block in blocks(path) {
        let output = match block.language.as_str() {
            "sh" => {
                commands += block.text.lines().count();
                printed = Some(desk.run_all(&block.text));
                continue;
            }
            "console" => {
                commands += 1;
                desk.talk(&block.text)
            }
            "text" => printed.take().expect("a command before its output"),
            _ if !block.file.is_empty() => {
                desk.place.write(&block.file, &block.text);
                continue;
            }
            // A line to put on top of a file of one's own.
            "yaml" if block.text.starts_with('#') && block.text.lines().count() == 1 => continue,
            other => panic!("a block of {path} in `{other}` is nothing that is checked"),
        };
        let output = steady(&output);
        if std::env::var_os("PRELOOP_GENERATE").is_none() {
            assert_eq!(output, block.text, "what {path} shows is not what is printed");
        }
        let fence = format!("```{}\n{}```\n", block.language, block.text);
        let at = played + page.split_at(played).1.find(&fence).expect("the block");
        let fresh = format!("```{}\n{output}```\n", block.language);
        page.replace_range(at..at + fence.len(), &fresh);
        played = at + fresh.len();
    }
    assert!(commands > 5, "{commands}");
    if std::env::var_os("PRELOOP_GENERATE").is_some() {
        std::fs::write(root().join(path), page).expect(path);
    }
}

#[test]
fn every_command_of_the_tutorial_on_testing_prints_what_the_page_shows() {
    play("docs/policy-testing.md");
}

#[test]
fn every_command_of_the_tutorial_on_applying_prints_what_the_page_shows() {
    play("docs/policy-apply.md");
}
