//! One route as an operation of the description.

use std::collections::BTreeMap;

use http::StatusCode;
use preloop_api::{Problem, ProblemCode};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use crate::http::route::{Access, Content, Route, Speaks};

/// The operation that a route is.
pub(super) fn describe(route: &Route, schemas: &mut Schemas) -> Value {
    let about = &route.about;
    let mut operation = Map::new();
    let mut set = |name: &str, value: Value| {
        operation.insert(name.to_owned(), value);
    };
    set("operationId", json!(operation_id(route)));
    set("tags", json!([about.noun]));
    set("summary", json!(about.summary));
    set("description", json!(description(route)));
    set(
        "security",
        match route.access {
            Access::Public => json!([]),
            Access::SignedIn | Access::Right(_) => json!([{"key": []}, {"session": []}]),
        },
    );
    match route.access {
        Access::Public => {}
        Access::SignedIn => set("x-permission", Value::Null),
        Access::Right(right) => set("x-permission", json!(right)),
    }
    set("parameters", Value::Array(parameters(route, schemas)));
    if !about.bodies.is_empty() {
        let mut contents = contents(&about.bodies, |schema| schemas.read(schema).to_value());
        if let Some(example) = &about.example
            && let Some(content) = contents.get_mut("application/json")
        {
            put(content, "example", example.clone());
        }
        set("requestBody", json!({"required": about.needs_body, "content": contents}));
    }
    set("responses", Value::Object(responses(route, schemas)));
    Value::Object(operation)
}

/// Method and path as one name, such as `post_approvals_id_approve`.
fn operation_id(route: &Route) -> String {
    let path = route.path.strip_prefix("/api/v1").unwrap_or(route.path);
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let method = route.method.as_str().to_ascii_lowercase();
    words.fold(method, |name, word| format!("{name}_{word}"))
}

fn description(route: &Route) -> String {
    let who = match route.access {
        Access::Public => "Anybody may use it.".to_owned(),
        Access::SignedIn => "Everybody who is known here may use it.".to_owned(),
        Access::Right(right) => format!("Needs the right `{right}`."),
    };
    [route.about.description, who.as_str()].join(" ").trim().to_owned()
}

fn parameters(route: &Route, schemas: &mut Schemas) -> Vec<Value> {
    let about = &route.about;
    let mut parameters = Vec::new();
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        parameters.push(json!({
            "name": name,
            "in": "path",
            "required": true,
            "schema": {"type": "string", "minLength": 1},
        }));
    }
    if let Some(query) = about.query {
        parameters.extend(query_parameters(&schemas.read(query).to_value()));
    }
    if is_repeatable(route) {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key with the same request within 24 hours is answered as the first time.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }));
    }
    for (name, about) in about.request_headers {
        let schema = json!({"type": "string"});
        let header = json!({"name": name, "in": "header", "description": about, "schema": schema});
        parameters.push(header);
    }
    parameters
}

/// The fields of a query; what may be left out is never written as null.
fn query_parameters(schema: &Value) -> Vec<Value> {
    let is_required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name))
    };
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    properties
        .iter()
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            without_null(&mut schema);
            let mut parameter = json!({
                "name": name, "in": "query", "required": is_required(name), "schema": schema,
            });
            if let Some(about) = about {
                put(&mut parameter, "description", about);
            }
            parameter
        })
        .collect()
}

fn without_null(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(Value::Array(kinds)) = map.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            map.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(mut choices)) = map.remove("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        match choices.as_slice() {
            [Value::Object(only)] => map.extend(only.clone()),
            _ => {
                map.insert("anyOf".to_owned(), Value::Array(choices));
            }
        }
    }
}

fn contents(
    contents: &[Content],
    mut schema: impl FnMut(crate::http::route::SchemaOf) -> Value,
) -> Map<String, Value> {
    contents
        .iter()
        .map(|content| (content.media_type.to_owned(), json!({"schema": schema(content.schema)})))
        .collect()
}

fn responses(route: &Route, schemas: &mut Schemas) -> Map<String, Value> {
    let mut responses = Map::new();
    for answer in &route.about.answers {
        let contents = contents(&answer.contents, |schema| schemas.written(schema).to_value());
        let mut headers = Map::new();
        headers.insert("X-Request-Id".to_owned(), header("Names the request, in logs too."));
        for (name, about) in answer.headers {
            headers.insert((*name).to_owned(), header(about));
        }
        if is_repeatable(route) {
            let about = "`true` where the request was done before under its `Idempotency-Key`.";
            let mut replayed = header(about);
            put(&mut replayed, "schema", json!({"const": "true"}));
            headers.insert("Idempotency-Replayed".to_owned(), replayed);
        }
        let about = answer.status.canonical_reason().unwrap_or("Answer");
        let mut response = json!({"description": about, "headers": headers});
        if !contents.is_empty() {
            put(&mut response, "content", Value::Object(contents));
        }
        responses.insert(answer.status.as_str().to_owned(), response);
    }
    for (status, problems) in problems(route) {
        let response = problem_response(route, status, &problems, schemas);
        match responses.get_mut(&status.to_string()) {
            // Both shapes under one status.
            Some(there) => {
                let content = response.pointer("/content/application~1problem+json").cloned();
                if let (Some(contents), Some(content)) = (there.get_mut("content"), content) {
                    put(contents, "application/problem+json", content);
                }
            }
            None => {
                responses.insert(status.to_string(), response);
            }
        }
    }
    responses
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(map) = object {
        map.insert(name.to_owned(), value);
    }
}

/// Whether a repetition is told from a second request; of whoever is not known it cannot be.
fn is_repeatable(route: &Route) -> bool {
    route.about.is_change && route.access != Access::Public
}

fn header(about: &str) -> Value {
    json!({"description": about, "schema": {"type": "string"}})
}

fn problem_response(
    route: &Route,
    status: u16,
    problems: &[&ProblemCode],
    schemas: &mut Schemas,
) -> Value {
    let about: Vec<String> =
        problems.iter().map(|problem| format!("`{}`: {}", problem.code, problem.about)).collect();
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
    let mut headers = Map::new();
    headers.insert("X-Request-Id".to_owned(), header("Names the request, in logs too."));
    if status == StatusCode::UNAUTHORIZED.as_u16() {
        let about = "How to say who calls.";
        headers.insert("WWW-Authenticate".to_owned(), header(about));
    }
    if status == StatusCode::TOO_MANY_REQUESTS.as_u16() {
        headers.insert("Retry-After".to_owned(), header("Seconds until it may be tried again."));
    }
    let mut content = Map::new();
    if route.about.speaks == Speaks::Protocol {
        content.insert("application/json".to_owned(), json!({"schema": {}}));
    }
    let problem = schemas.written(SchemaGenerator::subschema_for::<Problem>).to_value();
    content.insert(
        "application/problem+json".to_owned(),
        json!({"schema": {"allOf": [problem, {"properties": {"code": {"enum": codes}}}]}}),
    );
    json!({"description": about.join("\n"), "headers": headers, "content": content})
}

/// The problems that a request may meet: those that the route names, and those that come from how it is declared.
fn problems(route: &Route) -> BTreeMap<u16, Vec<&'static ProblemCode>> {
    let about = &route.about;
    let mut codes = vec!["body_too_large", "host_not_allowed", "internal", "origin_not_allowed"];
    codes.extend_from_slice(&about.problems);
    if route.access != Access::Public {
        codes.extend(["too_many_attempts", "unauthorized", "unavailable"]);
        if !route.method.is_safe() {
            codes.push("csrf_failed");
        }
    }
    if matches!(route.access, Access::Right(_)) {
        codes.push("permission_denied");
    }
    if about.query.is_some() {
        codes.extend(["invalid_field", "invalid_query"]);
    }
    if !about.bodies.is_empty() {
        codes.extend([
            "body_too_slow",
            "duplicate_key",
            "invalid_body",
            "invalid_json",
            "unsupported_content_type",
        ]);
    }
    if about.is_change && route.access != Access::Public {
        codes.push("csrf_failed");
    }
    if is_repeatable(route) {
        codes.extend([
            "idempotency_in_progress",
            "idempotency_key_reused",
            "invalid_idempotency_key",
        ]);
    }
    codes.sort_unstable();
    codes.dedup();
    let mut by_status: BTreeMap<u16, Vec<&ProblemCode>> = BTreeMap::new();
    for problem in codes.into_iter().filter_map(ProblemCode::named) {
        by_status.entry(problem.status).or_default().push(problem);
    }
    by_status
}
