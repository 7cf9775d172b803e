//! The tutorial on testing policies, played from its first line to its last: its files are written,
//! its commands are run, and what they print is what the page shows.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::{Place, root};

const PAGE: &str = "docs/policy-testing.md";

/// A block of the page between fences.
struct Block {
    language: String,
    /// The file that it is, if it is one.
    file: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let page = std::fs::read_to_string(root().join(PAGE)).expect(PAGE);
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
    assert!(open.is_none(), "a fence of {PAGE} stays open");
    blocks
}

/// A folder for the files of the page, in which `preloop` is found.
struct Desk {
    place: Place,
    bin: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let place = Place::new();
        let bin = place.path(".bin");
        std::fs::create_dir(&bin).expect("a directory");
        let preloop = env!("CARGO_BIN_EXE_preloop");
        std::os::unix::fs::symlink(preloop, bin.join("preloop")).expect("a link");
        Self { place, bin }
    }

    fn command(&self, command: &str) -> Command {
        let path = std::env::var("PATH").expect("a path");
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {command}")]).current_dir(self.place.path("."));
        shell.env("PATH", format!("{}:{path}", self.bin.display()));
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    }

    /// Runs a line of the page; what it printed. An exit code other than 0 stands behind it.
    fn run(&self, line: &str) -> String {
        let (command, code) = match line.split_once('#') {
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

#[test]
fn every_command_of_the_tutorial_prints_what_the_page_shows() {
    let desk = Desk::new();
    let mut printed = None;
    let mut commands = 0;
    for block in blocks() {
        match block.language.as_str() {
            "sh" => {
                let mut all = String::new();
                for line in block.text.lines() {
                    commands += 1;
                    if line.contains("--watch") {
                        desk.watch(line);
                    } else {
                        all.push_str(&desk.run(line));
                    }
                }
                printed = Some(all);
            }
            "text" => {
                let printed = printed.take().expect("a command before its output");
                assert_eq!(printed, block.text, "what {PAGE} shows is not what is printed");
            }
            _ if !block.file.is_empty() => {
                desk.place.write(&block.file, &block.text);
            }
            // A line to put on top of a file of one's own.
            "yaml" if block.text.starts_with('#') && block.text.lines().count() == 1 => {}
            other => panic!("a block of {PAGE} in `{other}` is nothing that is checked"),
        }
    }
    assert!(commands > 5, "{commands}");
}
