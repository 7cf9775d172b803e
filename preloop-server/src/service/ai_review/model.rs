//! The operator's model behind its chat endpoint: one question, one answer, bounded in time and length.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::{Value, json};

use super::answer::{Answer, NAME, schema};
use super::question::Question;
use crate::config::{AiConfig, AiKind};

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Longest answer that is asked for.
const TOKENS_MAX: u32 = 1_024;
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// A chat endpoint.
#[derive(Debug)]
pub(crate) struct AiModel {
    client: Client,
    url: Url,
    config: AiConfig,
}

impl AiModel {
    /// The endpoint that the operator has configured.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub(crate) fn new(config: AiConfig) -> Result<Self, String> {
        let path = match config.kind {
            AiKind::Anthropic => "messages",
            AiKind::OpenAi => "chat/completions",
        };
        let text = format!("{}/{path}", config.url.trim_end_matches('/'));
        let url = Url::parse(&text)
            .map_err(|error| format!("PRELOOP_AI_URL `{}` is no address: {error}", config.url))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("PRELOOP_AI_URL must be an http or https address".to_owned());
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("preloop/", env!("CARGO_PKG_VERSION")))
            // The key and the call go to the address that was configured and nowhere else.
            .redirect(Policy::none())
            .timeout(config.timeout);
        if matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| error.to_string())?;
        Ok(Self { client, url, config })
    }

    /// Asks, and takes nothing but a whole and valid answer.
    pub(super) async fn ask(&self, model: &str, question: &Question) -> Result<Answer, String> {
        let limit = self.config.timeout;
        let asked = async {
            let response = self.request(model, question).send().await;
            let body = read(response.map_err(|error| why(&error, limit))?, limit).await?;
            match self.config.kind {
                AiKind::Anthropic => of_anthropic(&body),
                AiKind::OpenAi => of_openai(&body),
            }
        };
        tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| Err(too_slow(limit)))
    }

    fn request(&self, model: &str, question: &Question) -> RequestBuilder {
        let key = self.config.api_key.as_ref().map(crate::config::SecretKeyText::as_str);
        let request = self.client.post(self.url.clone());
        match self.config.kind {
            AiKind::Anthropic => {
                let request = request.header("anthropic-version", ANTHROPIC_VERSION);
                let request = match key {
                    Some(key) => request.header("x-api-key", key),
                    None => request,
                };
                request.json(&json!({
                    "model": model,
                    "max_tokens": TOKENS_MAX,
                    "system": question.system,
                    "messages": [{"role": "user", "content": question.user}],
                    "tools": [{"name": NAME, "description": "Gives the decision.", "input_schema": schema()}],
                    "tool_choice": {"type": "tool", "name": NAME},
                }))
            }
            AiKind::OpenAi => {
                let request = match key {
                    Some(key) => request.bearer_auth(key),
                    None => request,
                };
                let form = json!({"name": NAME, "strict": true, "schema": schema()});
                request.json(&json!({
                    "model": model,
                    "messages": [
                        {"role": "system", "content": question.system},
                        {"role": "user", "content": question.user},
                    ],
                    "response_format": {"type": "json_schema", "json_schema": form},
                }))
            }
        }
    }
}

/// The JSON of an answer, read no further than the limit.
async fn read(mut response: Response, limit: Duration) -> Result<Value, String> {
    let status = response.status();
    if !status.is_success() {
        return Err(format!("its endpoint answered {status}"));
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.trim_start().starts_with("application/json")) {
        return Err("its endpoint answered something that is not JSON".to_owned());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error, limit))? {
        if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
            return Err(format!("its answer is longer than {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    // A key that stands there twice is no answer.
    preloop_core::json::parse(&body).map_err(|_| "its endpoint answered broken JSON".to_owned())
}

fn of_openai(body: &Value) -> Result<Answer, String> {
    let choices = body.get("choices").and_then(Value::as_array).map(Vec::as_slice);
    let Some([choice]) = choices else { return Err("it gave not one answer".to_owned()) };
    // Servers of the same form leave it out, and an answer that was cut is no JSON.
    let is_whole = match choice.get("finish_reason") {
        None | Some(Value::Null) => true,
        Some(reason) => reason == "stop",
    };
    if !is_whole {
        return Err("its answer was cut off or refused".to_owned());
    }
    let text = choice.pointer("/message/content").and_then(Value::as_str);
    Answer::from_text(text.ok_or_else(|| "it refused to answer".to_owned())?)
}

fn of_anthropic(body: &Value) -> Result<Answer, String> {
    if body.get("stop_reason").and_then(Value::as_str) != Some("tool_use") {
        return Err("its answer was cut off or refused".to_owned());
    }
    let blocks = body.get("content").and_then(Value::as_array).map(Vec::as_slice);
    let decides = |block: &&Value| block.get("type").and_then(Value::as_str) == Some("tool_use");
    let mut decisions = blocks.unwrap_or_default().iter().filter(decides);
    let (Some(decision), None) = (decisions.next(), decisions.next()) else {
        return Err("it gave not one answer".to_owned());
    };
    if decision.get("name").and_then(Value::as_str) != Some(NAME) {
        return Err("it answered by another tool".to_owned());
    }
    Answer::from_value(decision.get("input").unwrap_or(&Value::Null))
}

fn why(error: &reqwest::Error, limit: Duration) -> String {
    if error.is_timeout() {
        return too_slow(limit);
    }
    // Without the address, which may hold more than people should see.
    if error.is_connect() {
        "its endpoint cannot be reached".to_owned()
    } else {
        "the connection to its endpoint broke".to_owned()
    }
}

fn too_slow(limit: Duration) -> String {
    format!("it did not answer within {} seconds", limit.as_secs())
}
