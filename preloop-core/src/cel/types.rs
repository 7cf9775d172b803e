//! Types as the checker sees them, and as an environment declares them.

/// A type as an environment declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declared {
    /// Known only when it is met.
    Dyn,
    /// `null`
    Null,
    /// True or false.
    Bool,
    /// A whole number with sign.
    Int,
    /// A whole number without sign.
    Uint,
    /// A floating point number.
    Double,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// An instant.
    Timestamp,
    /// A span of time.
    Duration,
    /// An IP address.
    Ip,
    /// A network.
    Cidr,
    /// A list of these.
    List(Box<Declared>),
    /// A map from these to those.
    Map(Box<Declared>, Box<Declared>),
    /// Possibly absent.
    Optional(Box<Declared>),
    /// The type of a type.
    Kind(Box<Declared>),
    /// A parameter of a function's signature.
    Parameter(String),
    /// A type known by its name alone.
    Abstract(String, Vec<Declared>),
}

/// A type during checking; compound ones name their parts by number in [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    /// A number from JSON: int, uint or double, known only when it is met.
    Number,
    Text,
    Bytes,
    Timestamp,
    Duration,
    Ip,
    Cidr,
    List(TypeId),
    Map(TypeId, TypeId),
    Optional(TypeId),
    Kind(TypeId),
    /// An object of the arguments' JSON Schema, by its number.
    Object(u32),
    /// One of the standard variables that have fixed fields.
    Record(Record),
    Variable(u32),
    /// By number in [`Types::names`] and the run of its parameters.
    Abstract(u32, TypeId, u8),
}

/// The number of a type in [`Types`].
pub(crate) type TypeId = u32;

/// The standard variables with fixed fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Tool,
    Principal,
    Session,
    Call,
}

impl Record {
    pub(crate) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Tool => &["name", "source", "server", "annotations", "is_new"],
            Self::Principal => &["id", "kind", "name", "roles", "teams"],
            Self::Session => &["id", "calls"],
            Self::Call => &["tool", "source", "args", "action", "at"],
        }
    }
}
