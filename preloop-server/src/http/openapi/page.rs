//! The description as a page: no scripts, nothing from another host.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page.css");

/// What the page may load: its own style and nothing else.
pub(super) fn content_security_policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The page of a description.
pub(super) fn render(description: &Value) -> String {
    let mut page = Page { text: String::new() };
    let title = text(description, "/info/title");
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    page.text(&format!("{title} API"));
    page.raw("</title>\n<style>").raw(STYLE).raw("</style>\n</head>\n<body>\n<header>\n");
    page.element("h1", &format!("{title} API {}", text(description, "/info/version")));
    page.element("p", text(description, "/info/description"));
    page.raw("<p><a href=\"/openapi.json\">openapi.json</a></p>\n<nav>");
    for tag in items(description, "/tags") {
        page.link(text(tag, "/name"), text(tag, "/name"));
    }
    page.link("schemas", "schemas").raw("</nav>\n</header>\n<main>\n");
    for tag in items(description, "/tags") {
        page.noun(tag, description);
    }
    page.schemas(description);
    page.raw("</main>\n</body>\n</html>\n");
    page.text
}

struct Page {
    text: String,
}

// === impl Page ===

impl Page {
    fn raw(&mut self, html: &str) -> &mut Self {
        self.text.push_str(html);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                other => self.text.push(other),
            }
        }
        self
    }

    fn element(&mut self, name: &str, text: &str) -> &mut Self {
        self.raw("<").raw(name).raw(">").text(text).raw("</").raw(name).raw(">\n")
    }

    fn link(&mut self, to: &str, text: &str) -> &mut Self {
        self.raw("<a href=\"#").text(to).raw("\">").text(text).raw("</a>\n")
    }

    fn noun(&mut self, tag: &Value, description: &Value) {
        let name = text(tag, "/name");
        self.raw("<section id=\"").text(name).raw("\">\n");
        self.element("h2", name).element("p", text(tag, "/description"));
        for (path, methods) in fields(description, "/paths") {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                if text(operation, "/tags/0") == name {
                    self.operation(method, path, operation);
                }
            }
        }
        self.raw("</section>\n");
    }

    fn operation(&mut self, method: &str, path: &str, operation: &Value) {
        self.raw("<details id=\"").text(text(operation, "/operationId")).raw("\"><summary><b>");
        self.text(&method.to_uppercase()).raw("</b> <code>").text(path).raw("</code><span>");
        self.text(text(operation, "/summary")).raw("</span></summary>\n");
        self.element("p", text(operation, "/description"));
        let rows = items(operation, "/parameters").map(|parameter| {
            let place = text(parameter, "/in");
            let name = format!("{} ({place})", text(parameter, "/name"));
            let schema = parameter.get("schema").map_or_else(String::new, short);
            [name, schema, text(parameter, "/description").to_owned()]
        });
        self.table("Parameters", ["name", "value", "meaning"], rows.collect());
        for (kind, content) in fields(operation, "/requestBody/content") {
            self.content(&format!("Body, {kind}"), content);
        }
        let rows = fields(operation, "/responses").map(|(status, response)| {
            let bodies: Vec<String> = fields(response, "/content")
                .map(|(kind, content)| {
                    let schema = content.get("schema").map_or_else(String::new, short);
                    format!("{schema} ({kind})")
                })
                .collect();
            [status.clone(), bodies.join(", "), text(response, "/description").to_owned()]
        });
        self.table("Answers", ["status", "body", "meaning"], rows.collect());
        self.raw("</details>\n");
    }

    fn content(&mut self, heading: &str, content: &Value) {
        self.element("h3", heading);
        if let Some(schema) = content.get("schema") {
            match schema.get("$ref").and_then(Value::as_str).and_then(name_of) {
                Some(name) => {
                    self.raw("<p>").link(&format!("schema-{name}"), name).raw("</p>\n");
                }
                None => {
                    self.element("p", &short(schema));
                }
            }
        }
        if let Some(example) = content.get("example") {
            self.element("pre", &format!("{example:#}"));
        }
    }

    fn table(&mut self, heading: &str, head: [&str; 3], rows: Vec<[String; 3]>) {
        if rows.is_empty() {
            return;
        }
        self.element("h3", heading).raw("<table>\n<tr>");
        for name in head {
            self.raw("<th>").text(name).raw("</th>");
        }
        self.raw("</tr>\n");
        for row in rows {
            self.raw("<tr>");
            for cell in row {
                self.raw("<td>").text(&cell).raw("</td>");
            }
            self.raw("</tr>\n");
        }
        self.raw("</table>\n");
    }

    fn schemas(&mut self, description: &Value) {
        self.raw("<section id=\"schemas\">\n");
        self.element("h2", "schemas").element("p", "The shapes that routes take and answer.");
        for (name, schema) in fields(description, "/components/schemas") {
            self.raw("<details id=\"schema-").text(name).raw("\"><summary><code>").text(name);
            self.raw("</code><span>").text(text(schema, "/description")).raw("</span></summary>\n");
            let rows = fields(schema, "/properties").map(|(name, schema)| {
                [name.clone(), short(schema), text(schema, "/description").to_owned()]
            });
            self.table("Fields", ["name", "value", "meaning"], rows.collect());
            self.element("pre", &format!("{schema:#}")).raw("</details>\n");
        }
        self.raw("</section>\n");
    }
}

/// A schema in a few words.
fn short(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(name_of) {
        return name.to_owned();
    }
    for key in ["anyOf", "allOf", "oneOf"] {
        let choices: Vec<String> = items(schema, &format!("/{key}")).map(short).collect();
        if !choices.is_empty() {
            let choices: Vec<String> =
                choices.into_iter().filter(|choice| !choice.is_empty()).collect();
            return choices.join(" or ");
        }
    }
    if schema.get("items").is_some() {
        return format!("list of {}", schema.get("items").map_or_else(String::new, short));
    }
    let values: Vec<&str> = items(schema, "/enum").filter_map(Value::as_str).collect();
    if !values.is_empty() {
        return values.join(", ");
    }
    match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).collect::<Vec<&str>>().join(" or ")
        }
        _ => String::new(),
    }
}

fn name_of(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn fields<'a>(value: &'a Value, pointer: &str) -> serde_json::map::Iter<'a> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.pointer(pointer).and_then(Value::as_object).unwrap_or(&NONE).iter()
}
