//! What a route says about itself, for the description of the API.

use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::Route;

/// How a type is described.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// A body of one media type.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) media_type: &'static str,
    pub(crate) schema: SchemaOf,
}

/// One answer that is no problem.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) contents: Vec<Content>,
    pub(crate) headers: &'static [(&'static str, &'static str)],
}

/// What a route says about itself.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) noun: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) query: Option<SchemaOf>,
    pub(crate) bodies: Vec<Content>,
    pub(crate) needs_body: bool,
    pub(crate) request_headers: &'static [(&'static str, &'static str)],
    pub(crate) example: Option<Value>,
    pub(crate) answers: Vec<Answer>,
    /// Codes beyond those that come from how a route is declared.
    pub(crate) problems: Vec<&'static str>,
    /// Whether it changes something, so that a repetition must be told from a second request.
    pub(crate) is_change: bool,
    pub(crate) speaks: Speaks,
}

/// What a route speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// The API that is described.
    Api,
    /// Pages for people, which are no part of the API.
    Pages,
    /// A protocol of its own, which is described elsewhere.
    Protocol,
}

// === impl About ===

impl About {
    pub(super) fn new(method: &Method) -> Self {
        Self {
            noun: "",
            summary: "",
            description: "",
            query: None,
            bodies: Vec::new(),
            needs_body: false,
            request_headers: &[],
            example: None,
            answers: Vec::new(),
            problems: Vec::new(),
            is_change: *method != Method::GET,
            speaks: Speaks::Api,
        }
    }
}

// === impl Route ===

impl Route {
    /// What it does, in one line.
    pub(crate) fn summary(mut self, summary: &'static str) -> Self {
        self.about.summary = summary;
        self
    }

    /// What else there is to know.
    pub(crate) fn description(mut self, description: &'static str) -> Self {
        self.about.description = description;
        self
    }

    /// Its query parameters: the fields of `T`.
    pub(crate) fn query<T: JsonSchema>(mut self) -> Self {
        self.about.query = Some(T::json_schema);
        self
    }

    /// Its JSON body.
    pub(crate) fn body<T: JsonSchema>(self) -> Self {
        let mut route = self.optional_body::<T>();
        route.about.needs_body = true;
        route
    }

    /// Its JSON body, which may be left out.
    pub(crate) fn optional_body<T: JsonSchema>(self) -> Self {
        self.body_as("application/json", SchemaGenerator::subschema_for::<T>)
    }

    /// A body of another media type, or of another shape.
    pub(crate) fn body_as(mut self, media_type: &'static str, schema: SchemaOf) -> Self {
        self.about.bodies.push(Content { media_type, schema });
        self
    }

    /// Headers beyond the usual ones that a request may carry: name and meaning.
    pub(crate) fn request_headers(
        mut self,
        headers: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.about.request_headers = headers;
        self
    }

    /// What a good JSON body looks like.
    pub(crate) fn example(mut self, example: Value) -> Self {
        self.about.example = Some(example);
        self
    }

    /// Answers `status` with `T` as JSON.
    pub(crate) fn answers<T: JsonSchema>(self, status: StatusCode) -> Self {
        self.answers_as(status, "application/json", SchemaGenerator::subschema_for::<T>)
    }

    /// Answers `status` in another media type, or in another shape.
    pub(crate) fn answers_as(
        mut self,
        status: StatusCode,
        media_type: &'static str,
        schema: SchemaOf,
    ) -> Self {
        let content = Content { media_type, schema };
        let answers = &mut self.about.answers;
        match answers.iter_mut().find(|answer| answer.status == status) {
            Some(answer) => answer.contents.push(content),
            None => answers.push(Answer { status, contents: vec![content], headers: &[] }),
        }
        self
    }

    /// Answers `status` without a body.
    pub(crate) fn answers_nothing(mut self, status: StatusCode) -> Self {
        self.about.answers.push(Answer { status, contents: Vec::new(), headers: &[] });
        self
    }

    /// Headers of the answer that was declared last: name and meaning.
    pub(crate) fn headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        if let Some(answer) = self.about.answers.last_mut() {
            answer.headers = headers;
        }
        self
    }

    /// Problem codes beyond those that come from how the route is declared.
    pub(crate) fn problems(mut self, codes: &[&'static str]) -> Self {
        self.about.problems.extend_from_slice(codes);
        self
    }

    /// It changes nothing, whatever its method.
    pub(crate) fn changes_nothing(mut self) -> Self {
        self.about.is_change = false;
        self
    }

    /// It is a page for people, which asks by itself who they are and is no part of the API.
    pub(crate) fn page(mut self) -> Self {
        self.about.speaks = Speaks::Pages;
        self.public()
    }

    /// It speaks a protocol of its own, which is described elsewhere.
    pub(crate) fn opaque(mut self) -> Self {
        self.about.speaks = Speaks::Protocol;
        self.about.is_change = false;
        self
    }
}
