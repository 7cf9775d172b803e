//! What a call has beside its arguments, made of them: the same names with the same values in the context, and a
//! principal whose fields are texts out of them.

use preloop_core::call::Principal;
use preloop_core::cel::{ArgumentSource, Input};
use serde_json::{Map, Value as Json};

use crate::naive::Value;

/// The texts of the fields of a principal, in the order of their names.
const NAME: &str = "aé b";
const KIND: &str = "agent";

/// Context, principal and justification of a call.
#[derive(Debug)]
pub(crate) struct World {
    context: Map<String, Json>,
    principal: Principal,
    justification: String,
}

impl World {
    pub(crate) fn of(args: &Json) -> Self {
        let text = |name: &str| args[name].as_str().unwrap_or_default().to_owned();
        let roles = args["l"].as_array().into_iter().flatten();
        let roles = roles.filter_map(Json::as_str).map(str::to_owned).collect();
        let principal = Principal {
            id: text("s"),
            kind: KIND.to_owned(),
            name: NAME.to_owned(),
            roles,
            teams: vec!["a".to_owned(), String::new(), "ab".to_owned()],
        };
        let context = args.as_object().cloned().unwrap_or_default();
        Self { context, principal, justification: text("s") }
    }

    /// A call with these arguments, as the engine is asked.
    pub(crate) fn input<'a>(&'a self, args: &'a dyn ArgumentSource) -> Input<'a> {
        Input {
            principal: Some(&self.principal),
            context: Some(&self.context),
            justification: &self.justification,
            ..Input::new(args)
        }
    }

    /// The same as variables of the naive evaluator.
    pub(crate) fn variables(self) -> Vec<(String, Value)> {
        let text = |text: &str| Value::Text(text.to_owned());
        let texts = |texts: &[String]| Value::List(texts.iter().map(|one| text(one)).collect());
        // Sorted by their names, as all maps are.
        let principal = vec![
            (text("id"), text(&self.principal.id)),
            (text("kind"), text(&self.principal.kind)),
            (text("name"), text(&self.principal.name)),
            (text("roles"), texts(&self.principal.roles)),
            (text("teams"), texts(&self.principal.teams)),
        ];
        vec![
            ("context".to_owned(), Value::of_json(&Json::Object(self.context))),
            ("justification".to_owned(), text(&self.justification)),
            ("principal".to_owned(), Value::Map(principal)),
        ]
    }
}
