//! The tests' own tree of an expression, and how it is written down. The engine only ever sees the text.

/// Which macro walks over a list or a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    SortBy,
    TransformMap,
    TransformMapEntry,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Sign {
    const fn written(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    const fn level(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide | Self::Remainder => 5,
            _ => 3,
        }
    }
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// `args`, a macro's variable, or the name of a type.
    Name(String),
    Select {
        base: Box<Expression>,
        field: String,
        optional: bool,
    },
    Has {
        base: Box<Expression>,
        field: String,
    },
    Index {
        base: Box<Expression>,
        index: Box<Expression>,
        optional: bool,
    },
    /// Elements, and which of them stand behind a question mark.
    List(Vec<(bool, Expression)>),
    Map(Vec<(bool, Expression, Expression)>),
    Not(Box<Expression>),
    Negate(Box<Expression>),
    Binary {
        sign: Sign,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    Conditional(Box<[Expression; 3]>),
    Walk {
        walk: Walk,
        range: Box<Expression>,
        first: String,
        second: Option<String>,
        filter: Option<Box<Expression>>,
        body: Box<Expression>,
    },
    Bind {
        name: String,
        value: Box<Expression>,
        body: Box<Expression>,
    },
    OptionalMap {
        target: Box<Expression>,
        name: String,
        body: Box<Expression>,
        flat: bool,
    },
    /// A method of its first operand, or a function.
    Call {
        method: bool,
        function: &'static str,
        operands: Vec<Expression>,
    },
}

const MEMBER: u8 = 7;
const UNARY: u8 = 6;

impl Expression {
    /// The expression as text, with no more parentheses than it takes.
    pub(crate) fn written(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    /// The expressions right below this one.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Select { base, .. } | Self::Has { base, .. } => vec![base],
            Self::Index { base, index, .. } => vec![base, index],
            Self::List(items) => items.iter().map(|(_, item)| item).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(_, key, value)| [key, value]).collect(),
            Self::Not(operand) | Self::Negate(operand) => vec![operand],
            Self::Binary { left, right, .. } => vec![left, right],
            Self::Conditional(parts) => parts.iter().collect(),
            Self::Walk { range, filter, body, .. } => {
                let mut parts = vec![&**range, body];
                parts.extend(filter.as_deref());
                parts
            }
            Self::Bind { value, body, .. } => vec![value, body],
            Self::OptionalMap { target, body, .. } => vec![target, body],
            Self::Call { operands, .. } => operands.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether this is an argument, or a part of one.
    pub(crate) fn is_argument(&self) -> bool {
        match self {
            Self::Select { base, .. } => match &**base {
                Self::Name(name) => name == "args",
                other => other.is_argument(),
            },
            _ => false,
        }
    }

    const fn level(&self) -> u8 {
        match self {
            Self::Conditional(_) => 0,
            Self::Binary { sign, .. } => sign.level(),
            Self::Not(_) | Self::Negate(_) => UNARY,
            Self::Int(value) if *value < 0 => UNARY,
            Self::Double(value) if value.is_sign_negative() => UNARY,
            _ => MEMBER,
        }
    }

    fn write(&self, text: &mut String, wanted: u8) {
        let wrapped = self.level() < wanted;
        if wrapped {
            text.push('(');
        }
        self.write_bare(text);
        if wrapped {
            text.push(')');
        }
    }

    fn write_bare(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(value) => text.push_str(&value.to_string()),
            Self::Int(value) => text.push_str(&value.to_string()),
            Self::Uint(value) => text.push_str(&format!("{value}u")),
            Self::Double(value) => text.push_str(&format!("{value:?}")),
            Self::Text(value) => quote(value, text),
            Self::Bytes(value) => {
                text.push_str("b'");
                for byte in value {
                    text.push_str(&format!("\\x{byte:02x}"));
                }
                text.push('\'');
            }
            Self::Name(name) => text.push_str(name),
            Self::Select { base, field, optional } => {
                base.write(text, MEMBER);
                text.push_str(if *optional { ".?" } else { "." });
                text.push_str(field);
            }
            Self::Has { base, field } => {
                text.push_str("has(");
                base.write(text, MEMBER);
                text.push('.');
                text.push_str(field);
                text.push(')');
            }
            Self::Index { base, index, optional } => {
                base.write(text, MEMBER);
                text.push_str(if *optional { "[?" } else { "[" });
                index.write(text, 0);
                text.push(']');
            }
            Self::List(items) => {
                text.push('[');
                for (position, (optional, item)) in items.iter().enumerate() {
                    text.push_str(if position == 0 { "" } else { ", " });
                    text.push_str(if *optional { "?" } else { "" });
                    item.write(text, 0);
                }
                text.push(']');
            }
            Self::Map(entries) => {
                text.push('{');
                for (position, (optional, key, value)) in entries.iter().enumerate() {
                    text.push_str(if position == 0 { "" } else { ", " });
                    text.push_str(if *optional { "?" } else { "" });
                    key.write(text, 0);
                    text.push_str(": ");
                    value.write(text, 0);
                }
                text.push('}');
            }
            _ => self.write_compound(text),
        }
    }

    fn write_compound(&self, text: &mut String) {
        match self {
            Self::Not(operand) => {
                text.push('!');
                operand.write(text, UNARY);
            }
            Self::Negate(operand) => {
                text.push('-');
                operand.write(text, UNARY);
            }
            Self::Binary { sign, left, right } => {
                left.write(text, sign.level());
                text.push_str(&format!(" {} ", sign.written()));
                right.write(text, sign.level() + 1);
            }
            Self::Conditional(parts) => {
                parts[0].write(text, 1);
                text.push_str(" ? ");
                parts[1].write(text, 1);
                text.push_str(" : ");
                parts[2].write(text, 0);
            }
            Self::Walk { walk, range, first, second, filter, body } => {
                range.write(text, MEMBER);
                let name = match (walk, second) {
                    (Walk::All, _) => "all",
                    (Walk::Exists, _) => "exists",
                    (Walk::ExistsOne, _) => "existsOne",
                    (Walk::Map, None) => "map",
                    (Walk::Map, Some(_)) => "transformList",
                    (Walk::Filter, _) => "filter",
                    (Walk::SortBy, _) => "sortBy",
                    (Walk::TransformMap, _) => "transformMap",
                    (Walk::TransformMapEntry, _) => "transformMapEntry",
                };
                text.push_str(&format!(".{name}({first}, "));
                if let Some(second) = second {
                    text.push_str(&format!("{second}, "));
                }
                if let Some(filter) = filter {
                    filter.write(text, 0);
                    text.push_str(", ");
                }
                body.write(text, 0);
                text.push(')');
            }
            Self::Bind { name, value, body } => {
                text.push_str(&format!("cel.bind({name}, "));
                value.write(text, 0);
                text.push_str(", ");
                body.write(text, 0);
                text.push(')');
            }
            Self::OptionalMap { target, name, body, flat } => {
                target.write(text, MEMBER);
                text.push_str(if *flat { ".optFlatMap(" } else { ".optMap(" });
                text.push_str(&format!("{name}, "));
                body.write(text, 0);
                text.push(')');
            }
            Self::Call { method, function, operands } => {
                let operands =
                    if let (true, Some((target, rest))) = (*method, operands.split_first()) {
                        target.write(text, MEMBER);
                        text.push('.');
                        rest
                    } else {
                        operands.as_slice()
                    };
                text.push_str(function);
                text.push('(');
                for (position, operand) in operands.iter().enumerate() {
                    text.push_str(if position == 0 { "" } else { ", " });
                    operand.write(text, 0);
                }
                text.push(')');
            }
            _ => {}
        }
    }
}

/// A text literal; which quotation marks it gets depends on its length, so that both are met.
fn quote(value: &str, text: &mut String) {
    let mark = if value.len() % 3 == 1 { '"' } else { '\'' };
    text.push(mark);
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            'é' => text.push_str("\\u00e9"),
            other if other == mark => {
                text.push('\\');
                text.push(other);
            }
            other => text.push(other),
        }
    }
    text.push(mark);
}
