//! Documents in requests: JSON, YAML, or a file of a form, with the fields that may stand beside them.

use axum::extract::{FromRequest, FromRequestParts as _, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use bytes::Bytes;
use preloop_api::PolicyInput;
use preloop_core::diagnostic::Report;
use preloop_core::dialect::any_dialect;
use preloop_core::{ValidPolicy, json};
use schemars::{JsonSchema, json_schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::ApiError;
use super::super::auth::Authenticated;
use super::super::body::{media_type, misfit, read_body, record_refusal};
use super::super::route::Route;
use crate::service::{Caller, Services};

/// Media types that a document in YAML comes as.
const YAML: [&str; 4] = ["application/yaml", "application/x-yaml", "text/yaml", "text/plain"];
/// Fields of the query and of a form that are no texts.
const FLAGS: [&str; 2] = ["dry_run", "explain"];

/// What a request may say without a document; an object that says anything else is a document.
const REQUEST_FIELDS: [&str; 6] =
    ["base", "base_version", "dry_run", "message", "scope", "version"];

/// Describes that the body is `T`, or the document itself, or a form with the document as a file.
pub(super) fn bringing_document<T: JsonSchema>(route: Route) -> Route {
    let mut route = route.body_as("application/json", |generator| {
        let request = generator.subschema_for::<T>();
        let document = json_schema!({
            "description": "The document itself.",
            "type": "object",
            "minProperties": 1,
            "not": {"required": ["policy"]},
        });
        json_schema!({"anyOf": [request, document]})
    });
    route.about.needs_body = true;
    let route = YAML
        .into_iter()
        .fold(route, |route, media_type| route.body_as(media_type, |_| json_schema!({})));
    route.body_as("multipart/form-data", |_| {
        json_schema!({
            "type": "object",
            "properties": {"file": {"type": "string", "description": "The document."}},
            "required": ["file"],
            "additionalProperties": {"type": "string"},
        })
    })
}

/// A request that may bring a document.
#[derive(Debug)]
pub(super) struct DocumentRequest {
    /// The services of the caller's account.
    pub(super) services: Services,
    /// Who calls.
    pub(super) caller: Caller,
    /// The headers, for `If-Match`.
    pub(super) headers: HeaderMap,
    /// What was sent, as the body in JSON would be.
    fields: Map<String, Value>,
    /// Why the document is no text at all.
    unreadable: Option<Report>,
}

impl DocumentRequest {
    /// What was sent as `T`.
    pub(super) fn parse<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        if let Some(report) = &self.unreadable {
            return Err(ApiError::invalid_policy(report));
        }
        let fields = Value::Object(std::mem::take(&mut self.fields));
        serde_json::from_value(fields).map_err(|error| misfit("the request does not fit", &error))
    }

    /// Why the document that was sent is no text at all.
    pub(super) fn unreadable(&mut self) -> Option<Report> {
        self.unreadable.take()
    }
}

impl<S: Sync> FromRequest<S> for DocumentRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let admitted = Authenticated::from_request_parts(&mut parts, state).await?;
        let read = async {
            let bytes = read_body(body).await?;
            let mut sent = Sent::read(&parts.headers, bytes).await?;
            sent.add_query(&parts)?;
            Ok(sent)
        };
        match read.await {
            Ok(Sent { fields, unreadable }) => {
                let Authenticated { services, caller } = admitted;
                Ok(Self { services, caller, headers: parts.headers, fields, unreadable })
            }
            Err(error) => {
                record_refusal(&admitted, &parts.method, &parts.uri, &error);
                Err(error)
            }
        }
    }
}

/// What a request says.
#[derive(Debug, Default)]
struct Sent {
    fields: Map<String, Value>,
    unreadable: Option<Report>,
}

impl Sent {
    async fn read(headers: &HeaderMap, bytes: Bytes) -> Result<Self, ApiError> {
        let mut sent = Self::default();
        match media_type(headers).as_deref() {
            Some(kind) if YAML.contains(&kind) => sent.add_document(&bytes)?,
            _ if bytes.is_empty() => {}
            Some("multipart/form-data") => sent.add_form(headers, bytes).await?,
            Some(kind) if kind == "application/json" || kind.ends_with("+json") => {
                sent.add_json(&bytes)?;
            }
            _ => {
                let wanted = "application/json`, `application/yaml` or `multipart/form-data";
                return Err(ApiError::content_type(wanted));
            }
        }
        Ok(sent)
    }

    /// An object with `policy` in it is the request; any other object is the document itself.
    fn add_json(&mut self, bytes: &Bytes) -> Result<(), ApiError> {
        json::check(bytes).map_err(|error| ApiError::json(&error))?;
        let value = serde_json::from_slice(bytes)
            .map_err(|error| ApiError::invalid_body(format!("the body does not fit: {error}")))?;
        let Value::Object(fields) = value else {
            return Err(ApiError::invalid_body("the body must be a JSON object"));
        };
        let is_request = fields.contains_key("policy")
            || fields.keys().all(|key| REQUEST_FIELDS.contains(&key.as_str()));
        if !is_request {
            // As text, so that places of problems are places in the body.
            return self.add_document(bytes);
        }
        self.fields = fields;
        Ok(())
    }

    async fn add_form(&mut self, headers: &HeaderMap, bytes: Bytes) -> Result<(), ApiError> {
        let unreadable = |error: multer::Error| {
            ApiError::invalid_body(format!("the form cannot be read: {error}"))
        };
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = multer::parse_boundary(kind.unwrap_or_default()).map_err(unreadable)?;
        let whole = futures_util::stream::iter([Ok::<Bytes, std::io::Error>(bytes)]);
        let mut form = multer::Multipart::new(whole, boundary);
        while let Some(part) = form.next_field().await.map_err(unreadable)? {
            let name = part.name().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(unreadable)?;
            if name == "file" || name == "policy" {
                self.add_document(&bytes)?;
            } else {
                let text = String::from_utf8(bytes.to_vec()).map_err(|_| {
                    ApiError::invalid_field(&name, format!("`{name}` is no text"), None)
                })?;
                self.add(&name, text)?;
            }
        }
        Ok(())
    }

    fn add_query(&mut self, parts: &Parts) -> Result<(), ApiError> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = query.map_err(|error| {
            ApiError::invalid_body(format!("the query cannot be read: {}", error.body_text()))
        })?;
        for (name, text) in pairs {
            self.add(&name, text)?;
        }
        Ok(())
    }

    fn add_document(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.unreadable = Some(preloop_core::validate(bytes));
            return Ok(());
        };
        self.add("policy", text.to_owned())
    }

    fn add(&mut self, name: &str, text: String) -> Result<(), ApiError> {
        let value = match text.as_str() {
            "true" | "false" if FLAGS.contains(&name) => Value::Bool(text == "true"),
            _ => Value::String(text),
        };
        if self.fields.insert(name.to_owned(), value).is_some() {
            let shown: String = name.chars().take(100).collect();
            let message = format!("`{shown}` is given twice");
            return Err(ApiError::invalid_field(&shown, message, None));
        }
        Ok(())
    }
}

/// The document, in whatever dialect, valid; refused with every problem.
pub(super) async fn valid(input: PolicyInput) -> Result<ValidPolicy, ApiError> {
    let is_text = input.is_text();
    let text = input.into_text();
    let parsed = tokio::task::spawn_blocking(move || any_dialect(&text)).await;
    match parsed {
        Ok(Ok((policy, _))) => Ok(policy),
        Ok(Err(report)) => Err(ApiError::invalid_policy(&placed(report, is_text))),
        Err(error) => {
            tracing::error!(%error, "a document could not be checked");
            Err(ApiError::invalid_body("the document could not be checked"))
        }
    }
}

/// The report; of a document that was an object its places say nothing.
pub(super) fn placed(mut report: Report, is_text: bool) -> Report {
    if !is_text {
        for problem in report.errors.iter_mut().chain(&mut report.warnings) {
            problem.line = None;
            problem.column = None;
        }
    }
    report
}
