//! What an expression may name: the variables of a call, or whatever a test declares.

use std::sync::Arc;

use serde_json::Value as Json;

use super::check::schema::Schema;
use super::types::Declared;

/// A variable that an environment declares beside the standard ones.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredVariable {
    pub(crate) name: String,
    pub(crate) declared: Declared,
}

/// A function that an environment declares; it can be checked but has no meaning.
#[derive(Clone, Debug)]
pub(crate) struct DeclaredFunction {
    pub(crate) name: String,
    pub(crate) method: bool,
    pub(crate) parameters: Vec<Declared>,
    pub(crate) result: Declared,
}

/// Which variables exist, with their types, and how strictly an expression is checked.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    pub(crate) standard: bool,
    pub(crate) any_result: bool,
    pub(crate) unchecked: bool,
    pub(crate) schema: Option<Arc<Schema>>,
    pub(crate) variables: Vec<DeclaredVariable>,
    pub(crate) functions: Vec<DeclaredFunction>,
    pub(crate) container: String,
}

/// The standard variables.
pub(crate) const STANDARD: [&str; 7] =
    ["args", "tool", "principal", "session", "context", "now", "justification"];

impl Environment {
    /// The environment of a policy's conditions: `args`, `tool`, `principal`, `session`, `context`, `now` and
    /// `justification`; the result must be true or false.
    pub fn policy() -> Self {
        Self { standard: true, ..Self::default() }
    }

    /// An environment without variables, whose expressions may have any result.
    pub fn empty() -> Self {
        Self { any_result: true, ..Self::default() }
    }

    /// The same, with the types of `args` taken from a tool's JSON Schema.
    #[must_use]
    pub fn with_args_schema(mut self, schema: &Json) -> Self {
        self.schema = Some(Arc::new(Schema::new(schema)));
        self
    }

    /// The same, with results of any type allowed.
    #[must_use]
    pub fn any_result(mut self) -> Self {
        self.any_result = true;
        self
    }

    /// The same, without type checks: what could be wrong shows when it is met.
    #[must_use]
    pub fn unchecked(mut self) -> Self {
        self.unchecked = true;
        self
    }

    /// The same, with one more variable; its value is given by [`Input::variables`](super::Input::variables).
    #[must_use]
    pub fn variable(mut self, name: &str, declared: Declared) -> Self {
        self.variables.push(DeclaredVariable { name: name.to_owned(), declared });
        self
    }

    /// The same, with one more signature that calls may have.
    #[must_use]
    pub fn function(
        mut self,
        name: &str,
        method: bool,
        parameters: Vec<Declared>,
        result: Declared,
    ) -> Self {
        self.functions.push(DeclaredFunction { name: name.to_owned(), method, parameters, result });
        self
    }

    /// The same, with names looked up inside of this namespace first.
    #[must_use]
    pub fn container(mut self, container: &str) -> Self {
        container.clone_into(&mut self.container);
        self
    }
}
