//! What a document may have dialled: which programs it starts, which addresses it reaches, which
//! variables it uses. A local file was written by whoever started the server; any other document
//! gets what the operator listed.

use std::net::IpAddr;

use preloop_core::document::McpServer;

use super::addresses::{Reach, is_public};
use super::environment::{EnvironmentError, EnvironmentRules};

/// The rules for the documents of one account; cheap enough to clone.
#[derive(Clone, Debug)]
pub struct DialRules {
    pub(super) environment: EnvironmentRules,
    /// Which programs may be started; none: any.
    programs: Option<Vec<ProgramRule>>,
    reach: Reach,
}

/// A program that a document may start, as the operator wrote it:
/// `[NAME= ...] COMMAND [ARGUMENT ...] [*]`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ProgramRule {
    command: String,
    /// None: any.
    args: Option<Vec<String>>,
    /// Whether further arguments may follow.
    is_open: bool,
    /// The variables that the entry may set; others can make a program run what it should not.
    variables: Vec<String>,
}

/// Why a document may not have it dialled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialRefusal {
    /// The operator did not list the program.
    #[error(
        "a document that came over the API does not start `{0}`: the operator lists programs in \
         PRELOOP_STDIO_ALLOW"
    )]
    Program(String),
    /// The program is listed with other arguments.
    #[error(
        "`{0}` is listed in PRELOOP_STDIO_ALLOW with other arguments than the document gives it"
    )]
    Arguments(String),
    /// The variable is not listed with the program.
    #[error(
        "the variable `{variable}` is not one that a document may set for `{program}`: the operator \
         writes `{variable}= {program}` in PRELOOP_STDIO_ALLOW"
    )]
    Variable {
        /// The variable.
        variable: String,
        /// The program that would get it.
        program: String,
    },
    /// The folder of a program is not for a document to say.
    #[error("`cwd` is not taken from a document that came over the API: take it out")]
    Folder,
    /// The address is not a public one.
    #[error(
        "`{0}` is not a public address: a document that came over the API reaches no private ones \
         unless the operator says `--allow-private-upstreams`"
    )]
    Private(String),
    /// An entry of the operator's list names no program.
    #[error(
        "`{0}` in PRELOOP_STDIO_ALLOW names no program: write `[NAME= ...] COMMAND [ARGUMENT ...]`"
    )]
    BadRule(String),
}

// === impl DialRules ===

impl DialRules {
    /// The rules for a document from a local file: the user who started the server wrote it.
    pub fn local_file() -> Self {
        let environment = EnvironmentRules::local_file();
        Self { environment, programs: None, reach: Reach::Anywhere }
    }

    /// The rules for any other document.
    ///
    /// # Errors
    /// Where one of the operator's lists cannot be read.
    pub fn of_operator(
        env_allow: &[String],
        stdio_allow: &[String],
        allow_private: bool,
    ) -> Result<Self, String> {
        let words = |error: EnvironmentError| error.to_string();
        let environment = EnvironmentRules::allow_list(&env_allow.join(",")).map_err(words)?;
        let entries =
            stdio_allow.iter().map(|entry| entry.trim()).filter(|entry| !entry.is_empty());
        let programs: Result<Vec<_>, DialRefusal> = entries.map(ProgramRule::parse).collect();
        let programs = Some(programs.map_err(|error| error.to_string())?);
        let reach = if allow_private { Reach::Anywhere } else { Reach::Public };
        Ok(Self { environment, programs, reach })
    }

    /// Whether the program of an entry may be started as the entry says.
    pub(super) fn check_program(&self, server: &McpServer) -> Result<(), DialRefusal> {
        let Some(programs) = &self.programs else { return Ok(()) };
        let program = server.command.clone().unwrap_or_default();
        let named: Vec<&ProgramRule> =
            programs.iter().filter(|rule| rule.command == program).collect();
        if named.is_empty() {
            return Err(DialRefusal::Program(program));
        }
        let fitting: Vec<&ProgramRule> =
            named.into_iter().filter(|rule| rule.takes(&server.args)).collect();
        if fitting.is_empty() {
            return Err(DialRefusal::Arguments(program));
        }
        if server.cwd.is_some() {
            return Err(DialRefusal::Folder);
        }
        for variable in server.env.keys() {
            if !fitting.iter().any(|rule| rule.variables.contains(variable)) {
                return Err(DialRefusal::Variable { variable: variable.clone(), program });
            }
        }
        Ok(())
    }

    /// Whether an address written as a number may be reached; names are checked once they are
    /// resolved.
    pub(super) fn check_host(&self, host: &str) -> Result<(), DialRefusal> {
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        match literal {
            Ok(address) if self.reach == Reach::Public && !is_public(address) => {
                Err(DialRefusal::Private(host.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// The text with its variables, for the host or channel that will get it.
    pub(crate) fn expand(&self, text: &str, target: &str) -> Result<String, EnvironmentError> {
        self.environment.expand(text, target)
    }

    /// How far connections may go.
    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }
}

// === impl ProgramRule ===

impl ProgramRule {
    fn parse(entry: &str) -> Result<Self, DialRefusal> {
        let mut words = entry.split_whitespace().peekable();
        let mut variables = Vec::new();
        while let Some(name) = words.peek().and_then(|word| word.strip_suffix('=')) {
            variables.push(name.to_owned());
            words.next();
        }
        let bad = || DialRefusal::BadRule(entry.to_owned());
        let command = words.next().filter(|word| *word != "*").ok_or_else(bad)?.to_owned();
        let mut args: Vec<String> = words.map(str::to_owned).collect();
        let is_open = args.pop_if(|last| last == "*").is_some();
        let is_bare = args.is_empty() && !is_open;
        Ok(Self { command, args: (!is_bare).then_some(args), is_open, variables })
    }

    fn takes(&self, given: &[String]) -> bool {
        match &self.args {
            None => true,
            Some(args) if self.is_open => given.starts_with(args),
            Some(args) => given == args.as_slice(),
        }
    }
}

#[cfg(test)]
mod tests {
    use preloop_core::document::{Secret, Transport};

    use super::*;

    fn server(command: &str, args: &[&str], env: &[&str]) -> McpServer {
        let text =
            "version: '1.0'\nmetadata: {name: t}\nmcp_servers: [{name: s, url: 'https://h'}]";
        let valid = preloop_files::PolicySource::File(text.as_bytes().to_vec()).parse().unwrap();
        let mut server = valid.document().mcp_servers[0].clone();
        server.transport = Some(Transport::Stdio);
        server.command = Some(command.to_owned());
        server.args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let value = || Secret::Written("x".to_owned());
        server.env = env.iter().map(|name| ((*name).to_owned(), value())).collect();
        server
    }

    fn rules(entries: &[&str]) -> DialRules {
        let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        DialRules::of_operator(&[], &entries, false).unwrap()
    }

    #[test]
    fn a_local_file_starts_and_reaches_what_it_likes() {
        let rules = DialRules::local_file();
        assert_eq!(rules.check_program(&server("anything", &["-x"], &["LD_PRELOAD"])), Ok(()));
        assert_eq!(rules.check_host("169.254.169.254"), Ok(()));
    }

    #[test]
    fn other_documents_start_what_the_operator_lists_as_it_is_listed() {
        let rules = rules(&["tool", "TOKEN= LEVEL= npx -y some-server", "run here *"]);
        for (command, args, env) in [
            ("tool", &["--any", "thing"][..], &[][..]),
            ("npx", &["-y", "some-server"], &["TOKEN"]),
            ("npx", &["-y", "some-server"], &[]),
            ("run", &["here"], &[]),
            ("run", &["here", "--and", "there"], &[]),
        ] {
            assert_eq!(
                rules.check_program(&server(command, args, env)),
                Ok(()),
                "{command} {args:?}"
            );
        }
        for (command, args, env, words) in [
            ("sh", &["-c", "id"][..], &[][..], "does not start `sh`"),
            ("/usr/bin/tool", &[], &[], "does not start `/usr/bin/tool`"),
            ("npx", &["-y", "other-server"], &[], "other arguments"),
            ("npx", &["-y", "some-server", "more"], &[], "other arguments"),
            ("npx", &[], &[], "other arguments"),
            ("run", &[], &[], "other arguments"),
            ("tool", &[], &["PATH"], "`PATH= tool`"),
            ("npx", &["-y", "some-server"], &["NODE_OPTIONS"], "`NODE_OPTIONS= npx`"),
        ] {
            let refusal = rules.check_program(&server(command, args, env)).unwrap_err().to_string();
            assert!(refusal.contains(words), "{command} {args:?}: {refusal}");
        }
        let mut elsewhere = server("tool", &[], &[]);
        elsewhere.cwd = Some("/tmp".to_owned());
        assert_eq!(rules.check_program(&elsewhere), Err(DialRefusal::Folder));
        let none = self::rules(&[]);
        assert!(none.check_program(&server("tool", &[], &[])).is_err());
    }

    #[test]
    fn lists_that_name_no_program_are_refused() {
        for entry in ["A=", "*", "A= *"] {
            let error = DialRules::of_operator(&[], &[entry.to_owned()], false).unwrap_err();
            assert!(error.contains("names no program"), "{error}");
        }
        assert!(DialRules::of_operator(&["X".to_owned()], &[], false).is_err());
    }

    #[test]
    fn private_addresses_need_the_operators_leave() {
        let rules = rules(&[]);
        for host in ["127.0.0.1", "[::1]", "10.1.2.3", "169.254.169.254", "[::ffff:10.0.0.1]"] {
            let refusal = rules.check_host(host).unwrap_err();
            assert!(refusal.to_string().contains("--allow-private-upstreams"), "{refusal}");
        }
        for host in ["93.184.215.14", "[2606:4700::1]", "example.com", "localhost"] {
            assert_eq!(rules.check_host(host), Ok(()), "names are checked once resolved");
        }
        let allowed = DialRules::of_operator(&[], &[], true).unwrap();
        assert_eq!(allowed.check_host("127.0.0.1"), Ok(()));
    }
}
