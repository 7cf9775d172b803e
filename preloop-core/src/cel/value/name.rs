//! The names of types, as `type(x)` gives them.

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TypeName {
    /// `null_type`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint`
    Uint,
    /// `double`
    Double,
    /// `string`
    Text,
    /// `bytes`
    Bytes,
    /// `list`
    List,
    /// `map`
    Map,
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.protobuf.Duration`
    Duration,
    /// `net.IP`
    Ip,
    /// `net.CIDR`
    Cidr,
    /// `optional_type`
    Optional,
    /// `type`
    Type,
}

impl TypeName {
    /// Every type.
    pub const ALL: [Self; 15] = [
        Self::Null,
        Self::Bool,
        Self::Int,
        Self::Uint,
        Self::Double,
        Self::Text,
        Self::Bytes,
        Self::List,
        Self::Map,
        Self::Timestamp,
        Self::Duration,
        Self::Ip,
        Self::Cidr,
        Self::Optional,
        Self::Type,
    ];

    /// The name as expressions write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::List => "list",
            Self::Map => "map",
            Self::Timestamp => "google.protobuf.Timestamp",
            Self::Duration => "google.protobuf.Duration",
            Self::Ip => "net.IP",
            Self::Cidr => "net.CIDR",
            Self::Optional => "optional_type",
            Self::Type => "type",
        }
    }

    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|candidate| candidate.as_str() == name)
    }
}
