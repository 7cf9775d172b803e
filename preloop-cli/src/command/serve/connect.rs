//! The lines to paste: how an agent is connected, and how a person answers it.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::output::{Page, Style};
use crate::place;
use crate::remote::DEFAULT_URL;

/// A server that runs on this machine, as seen from outside.
#[derive(Debug)]
pub(crate) struct Address {
    /// Where it listens.
    pub(crate) url: String,
    /// Where its keys are.
    pub(crate) data_dir: PathBuf,
    /// The key that agents get.
    pub(crate) agent_key: String,
}

impl Address {
    /// A `preloop` command line that reaches this server with the owner key, as it has to be pasted.
    pub(crate) fn command(&self, arguments: &str) -> String {
        let mut line = format!("{} {arguments}", program());
        if self.url != DEFAULT_URL {
            line = format!("{line} --url {}", self.url);
        }
        if place::data_dir(None).ok().as_deref() != Some(self.data_dir.as_path()) {
            line = format!("{line} --data-dir {}", quoted(&self.data_dir));
        }
        line
    }

    /// Writes down how agents are connected.
    pub(crate) fn describe_agents(&self, page: &mut Page) {
        let url = &self.url;
        let key_file = quoted(&self.data_dir.join(place::AGENT_KEY_FILE));
        let claude = format!(
            "claude mcp add --transport http preloop {url}/mcp \
             --header \"Authorization: Bearer $(cat {key_file})\""
        );
        let client = json!({
            "mcpServers": {
                "preloop": {
                    "type": "http",
                    "url": format!("{url}/mcp"),
                    "headers": { "Authorization": format!("Bearer {}", self.agent_key) },
                },
            },
        });
        let curl = format!(
            "curl {url}/api/v1/decisions -H \"Authorization: Bearer $(cat {key_file})\" \
             -H 'Content-Type: application/json' -d '{{\"tool\": \"read_file\", \"args\": {{\"path\": \"reports/q3.txt\"}}}}'"
        );
        let heading = page.styled(Style::Bold, "Connect an agent");
        page.line(heading);
        for (who, line) in [
            ("Claude Code", claude),
            ("any MCP client", client.to_string()),
            ("your own agent", curl),
        ] {
            let who = page.styled(Style::Dim, &format!("  {who}"));
            let line = page.styled(Style::Cyan, &line);
            page.line(who).line(format!("    {line}"));
        }
    }

    /// Writes down how held calls are answered.
    pub(crate) fn describe_approvals(&self, page: &mut Page) {
        let heading = page.styled(Style::Bold, "Answer calls that wait, and look back");
        page.line(heading);
        for arguments in ["approvals list", "approvals approve ID", "audit list"] {
            let line = page.styled(Style::Cyan, &self.command(arguments));
            page.line(format!("    {line}"));
        }
    }
}

/// How this program is called from any other terminal: by name where the shell finds it, else by its
/// whole path, since the other terminal may stand in another folder.
fn program() -> String {
    let Ok(program) = std::env::current_exe() else { return "preloop".to_owned() };
    let found = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|dir| dir.join("preloop")).find(|file| file.is_file())
    });
    let is_same = |file: PathBuf| matches!((file.canonicalize(), program.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if found.is_some_and(is_same) {
        return "preloop".to_owned();
    }
    quoted(&program)
}

/// A path as a POSIX shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '/' | '.' | '-' | '_' | '+' | '@')
    };
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Address, quoted};

    #[test]
    fn paths_are_quoted_for_the_shell_where_they_have_to_be() {
        assert_eq!(quoted(Path::new("/tmp/preloop-demo_1")), "/tmp/preloop-demo_1");
        assert_eq!(quoted(Path::new("/tmp/it's $HOME")), r"'/tmp/it'\''s $HOME'");
    }

    #[test]
    fn the_line_names_what_is_not_the_default() {
        let address = Address {
            url: "http://127.0.0.1:41".to_owned(),
            data_dir: PathBuf::from("/tmp/a b"),
            agent_key: String::new(),
        };
        let line = address.command("approvals list");
        assert!(
            line.ends_with(" approvals list --url http://127.0.0.1:41 --data-dir '/tmp/a b'"),
            "{line}"
        );
    }
}
