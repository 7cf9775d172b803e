//! Where a tool lives: what an entry names, and what a call says.

/// The class of a tool's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Builtin,
    Mcp,
    Http,
    Agent,
}

/// What an entry's `source` fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntrySource {
    /// No `source`: any call.
    Any,
    /// Any call of the class; `mcp` takes every server.
    Class(Class),
    /// Calls to one MCP server.
    Server(Box<str>),
}

/// What a call says of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallSource<'a> {
    /// Nothing: it could be any.
    Unknown,
    /// The class alone; for `mcp` it could be any server.
    Class(Class),
    /// The server; its class is `mcp` unless the caller says otherwise.
    Server(&'a str, Class),
}

/// How an entry's source fits a call's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is another source.
    No,
    /// The call does not say enough to tell.
    Possible,
    /// It is that source.
    Certain,
}

impl Class {
    pub(crate) const ALL: [Self; 4] = [Self::Builtin, Self::Mcp, Self::Http, Self::Agent];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| name.eq_ignore_ascii_case(class.as_str()))
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Mcp => "mcp",
            Self::Http => "http",
            Self::Agent => "agent",
        }
    }

    /// The class's number, for arrays with a slot for each.
    pub(crate) const fn slot(self) -> usize {
        self as usize
    }
}

impl EntrySource {
    pub(crate) fn of(source: Option<&str>) -> Self {
        match source {
            None => Self::Any,
            Some(name) => match Class::named(name) {
                Some(class) => Self::Class(class),
                None => Self::Server(name.into()),
            },
        }
    }

    pub(crate) fn fit(&self, call: CallSource<'_>) -> Fit {
        match (self, call) {
            (Self::Any, _) => Fit::Certain,
            (Self::Class(_) | Self::Server(_), CallSource::Unknown)
            | (Self::Server(_), CallSource::Class(Class::Mcp)) => Fit::Possible,
            (Self::Class(wanted), CallSource::Class(class) | CallSource::Server(_, class)) => {
                if *wanted == class {
                    Fit::Certain
                } else {
                    Fit::No
                }
            }
            (Self::Server(_), CallSource::Class(_)) => Fit::No,
            (Self::Server(wanted), CallSource::Server(server, _)) => {
                if is_same_server(wanted, server) { Fit::Certain } else { Fit::No }
            }
        }
    }
}

impl<'a> CallSource<'a> {
    /// Reads `source` (a class, or a server's name) and `server`; none when they contradict each other.
    #[inline]
    pub(crate) fn of(source: &'a str, server: &'a str) -> Option<Self> {
        if source.is_empty() && server.is_empty() {
            return Some(Self::Unknown);
        }
        let source = Some(source).filter(|source| !source.is_empty());
        let server = Some(server).filter(|server| !server.is_empty());
        Some(match (source, server) {
            (None, None) => Self::Unknown,
            (None, Some(server)) => Self::Server(server, Class::Mcp),
            (Some(source), server) => match (Class::named(source), server) {
                (Some(class), None) => Self::Class(class),
                (Some(class), Some(server)) => Self::Server(server, class),
                (None, None) => Self::Server(source, Class::Mcp),
                (None, Some(server)) if is_same_server(source, server) => {
                    Self::Server(server, Class::Mcp)
                }
                (None, Some(_)) => return None,
            },
        })
    }

    /// The class, as `tool.source` of expressions; empty where it is not known.
    pub(crate) const fn class_name(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Class(class) | Self::Server(_, class) => class.as_str(),
        }
    }

    /// The server, as `tool.server` of expressions; empty where it is not known.
    pub(crate) const fn server_name(self) -> &'a str {
        match self {
            Self::Unknown | Self::Class(_) => "",
            Self::Server(server, _) => server,
        }
    }
}

/// Server names are unique without regard to case, so they are found the same way.
pub(crate) fn is_same_server(left: &str, right: &str) -> bool {
    left == right
        || (left.eq_ignore_ascii_case(right)
            || (!(left.is_ascii() && right.is_ascii())
                && left.to_lowercase() == right.to_lowercase()))
}
