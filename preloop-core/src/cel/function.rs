//! The functions of the language: names, and which types they take and give.

/// A type in a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sig {
    Dyn,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Timestamp,
    Duration,
    Ip,
    Cidr,
    Kind,
    A,
    ListA,
    ListText,
    ListInt,
    ListDyn,
    ListOptional,
    MapAB,
    OptionalA,
    OptionalText,
}

/// One way to call a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overload {
    /// Called on its first parameter: `text.size()` rather than `size(text)`.
    pub(crate) method: bool,
    pub(crate) parameters: &'static [Sig],
    pub(crate) result: Sig,
}

macro_rules! functions {
    ($($variant:ident $name:literal $([$style:ident $($parameter:ident)* => $result:ident])+;)+) => {
        /// A function of the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Function {
            $($variant,)+
        }

        impl Function {
            pub(crate) const NAMES: &'static [&'static str] = &[$($name,)+];

            /// The function of this name; functions with a namespace by their full name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                Some(match name {
                    $($name => Self::$variant,)+
                    _ => return None,
                })
            }

            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            pub(crate) const fn overloads(self) -> &'static [Overload] {
                match self {
                    $(Self::$variant => &[$(Overload {
                        method: functions!(@$style),
                        parameters: &[$(Sig::$parameter,)*],
                        result: Sig::$result,
                    },)+],)+
                }
            }
        }
    };
    (@on) => { true };
    (@of) => { false };
}

functions! {
    Size "size" [on Text => Int] [on Bytes => Int] [on ListA => Int] [on MapAB => Int]
        [of Text => Int] [of Bytes => Int] [of ListA => Int] [of MapAB => Int];
    Contains "contains" [on Text Text => Bool];
    StartsWith "startsWith" [on Text Text => Bool];
    EndsWith "endsWith" [on Text Text => Bool];
    Matches "matches" [on Text Text => Bool] [of Text Text => Bool];
    Int "int" [of Int => Int] [of Uint => Int] [of Double => Int] [of Text => Int]
        [of Timestamp => Int];
    Uint "uint" [of Uint => Uint] [of Int => Uint] [of Double => Uint] [of Text => Uint];
    Double "double" [of Double => Double] [of Int => Double] [of Uint => Double]
        [of Text => Double];
    Text "string" [of Text => Text] [of Bool => Text] [of Int => Text] [of Uint => Text]
        [of Double => Text] [of Bytes => Text] [of Timestamp => Text] [of Duration => Text]
        [of Ip => Text] [of Cidr => Text];
    Bytes "bytes" [of Bytes => Bytes] [of Text => Bytes];
    Bool "bool" [of Bool => Bool] [of Text => Bool];
    Timestamp "timestamp" [of Timestamp => Timestamp] [of Text => Timestamp]
        [of Int => Timestamp];
    Duration "duration" [of Duration => Duration] [of Text => Duration];
    Dyn "dyn" [of A => Dyn];
    Type "type" [of A => Kind];
    GetFullYear "getFullYear" [on Timestamp => Int] [on Timestamp Text => Int];
    GetMonth "getMonth" [on Timestamp => Int] [on Timestamp Text => Int];
    GetDate "getDate" [on Timestamp => Int] [on Timestamp Text => Int];
    GetDayOfMonth "getDayOfMonth" [on Timestamp => Int] [on Timestamp Text => Int];
    GetDayOfWeek "getDayOfWeek" [on Timestamp => Int] [on Timestamp Text => Int];
    GetDayOfYear "getDayOfYear" [on Timestamp => Int] [on Timestamp Text => Int];
    GetHours "getHours" [on Timestamp => Int] [on Timestamp Text => Int] [on Duration => Int];
    GetMinutes "getMinutes" [on Timestamp => Int] [on Timestamp Text => Int]
        [on Duration => Int];
    GetSeconds "getSeconds" [on Timestamp => Int] [on Timestamp Text => Int]
        [on Duration => Int];
    GetMilliseconds "getMilliseconds" [on Timestamp => Int] [on Timestamp Text => Int]
        [on Duration => Int];
    CharAt "charAt" [on Text Int => Text];
    IndexOf "indexOf" [on Text Text => Int] [on Text Text Int => Int];
    LastIndexOf "lastIndexOf" [on Text Text => Int] [on Text Text Int => Int];
    Join "join" [on ListText => Text] [on ListText Text => Text];
    LowerAscii "lowerAscii" [on Text => Text];
    UpperAscii "upperAscii" [on Text => Text];
    Replace "replace" [on Text Text Text => Text] [on Text Text Text Int => Text];
    Split "split" [on Text Text => ListText] [on Text Text Int => ListText];
    Substring "substring" [on Text Int => Text] [on Text Int Int => Text];
    Trim "trim" [on Text => Text];
    Reverse "reverse" [on Text => Text] [on ListA => ListA];
    Format "format" [on Text ListDyn => Text];
    Quote "strings.quote" [of Text => Text];
    MathGreatest "math.greatest" [of A => Dyn];
    MathLeast "math.least" [of A => Dyn];
    MathCeil "math.ceil" [of Double => Double];
    MathFloor "math.floor" [of Double => Double];
    MathRound "math.round" [of Double => Double];
    MathTrunc "math.trunc" [of Double => Double];
    MathAbs "math.abs" [of Int => Int] [of Uint => Uint] [of Double => Double];
    MathSign "math.sign" [of Int => Int] [of Uint => Uint] [of Double => Double];
    MathSqrt "math.sqrt" [of Int => Double] [of Uint => Double] [of Double => Double];
    MathIsNan "math.isNaN" [of Double => Bool];
    MathIsInf "math.isInf" [of Double => Bool];
    MathIsFinite "math.isFinite" [of Double => Bool];
    MathBitAnd "math.bitAnd" [of Int Int => Int] [of Uint Uint => Uint];
    MathBitOr "math.bitOr" [of Int Int => Int] [of Uint Uint => Uint];
    MathBitXor "math.bitXor" [of Int Int => Int] [of Uint Uint => Uint];
    MathBitNot "math.bitNot" [of Int => Int] [of Uint => Uint];
    MathBitShiftLeft "math.bitShiftLeft" [of Int Int => Int] [of Uint Int => Uint];
    MathBitShiftRight "math.bitShiftRight" [of Int Int => Int] [of Uint Int => Uint];
    ListsRange "lists.range" [of Int => ListInt];
    Slice "slice" [on ListA Int Int => ListA];
    Flatten "flatten" [on ListA => ListDyn] [on ListA Int => ListDyn];
    Distinct "distinct" [on ListA => ListA];
    Sort "sort" [on ListA => ListA];
    First "first" [on ListA => OptionalA];
    Last "last" [on ListA => OptionalA];
    SetsContains "sets.contains" [of ListA ListA => Bool];
    SetsEquivalent "sets.equivalent" [of ListA ListA => Bool];
    SetsIntersects "sets.intersects" [of ListA ListA => Bool];
    Base64Encode "base64.encode" [of Bytes => Text];
    Base64Decode "base64.decode" [of Text => Bytes];
    RegexExtract "regex.extract" [of Text Text => OptionalText];
    RegexExtractAll "regex.extractAll" [of Text Text => ListText];
    RegexReplace "regex.replace" [of Text Text Text => Text] [of Text Text Text Int => Text];
    OptionalOf "optional.of" [of A => OptionalA];
    OptionalOfNonZeroValue "optional.ofNonZeroValue" [of A => OptionalA];
    OptionalNone "optional.none" [of => OptionalA];
    OptionalUnwrap "optional.unwrap" [of ListOptional => ListA];
    UnwrapOpt "unwrapOpt" [on ListOptional => ListA];
    HasValue "hasValue" [on OptionalA => Bool];
    Value "value" [on OptionalA => A];
    Or "or" [on OptionalA OptionalA => OptionalA];
    OrValue "orValue" [on OptionalA A => A];
    Ip "ip" [of Text => Ip] [on Cidr => Ip];
    IsIp "isIP" [of Text => Bool];
    IpIsCanonical "ip.isCanonical" [of Text => Bool];
    Family "family" [on Ip => Int];
    IsUnspecified "isUnspecified" [on Ip => Bool];
    IsLoopback "isLoopback" [on Ip => Bool];
    IsGlobalUnicast "isGlobalUnicast" [on Ip => Bool];
    IsLinkLocalMulticast "isLinkLocalMulticast" [on Ip => Bool];
    IsLinkLocalUnicast "isLinkLocalUnicast" [on Ip => Bool];
    Cidr "cidr" [of Text => Cidr];
    IsCidr "isCIDR" [of Text => Bool];
    ContainsIp "containsIP" [on Cidr Ip => Bool] [on Cidr Text => Bool];
    ContainsCidr "containsCIDR" [on Cidr Cidr => Bool] [on Cidr Text => Bool];
    Masked "masked" [on Cidr => Cidr];
    PrefixLength "prefixLength" [on Cidr => Int];
}
