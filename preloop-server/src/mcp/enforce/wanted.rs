//! What a client wrote: the parameters of `tools/call`, read with care.

use super::super::catalog::Tool;
use super::super::face::{JUSTIFICATION_META, has_value};
use super::super::names::mistaken_for;
use super::super::wire::object::RawObject;

/// The parameters of `tools/call` that mean something to servers.
const PARAMETERS: [&str; 4] = ["name", "arguments", "_meta", "task"];

/// What the client wrote.
pub(super) struct Wanted<'a> {
    pub(super) params: RawObject<'a>,
    pub(super) meta: Option<RawObject<'a>>,
    pub(super) name: String,
    /// JSON text of the arguments, an object.
    pub(super) arguments: &'a str,
    /// JSON text of the token, where the client wants to hear of progress.
    pub(super) progress_token: Option<String>,
    pub(super) justification: Option<String>,
}

// === impl Wanted ===

impl<'a> Wanted<'a> {
    /// Reads the text of `params`.
    pub(super) fn read(params: &'a str) -> Result<Self, &'static str> {
        let object = RawObject::parse(params).ok_or("`params` must be an object with a `name`")?;
        if object.keys().any(|key| mistaken_for(key, PARAMETERS).is_some()) {
            return Err("`params` has a member that differs from `name`, `arguments`, `_meta` or \
                 `task` in its case only, which servers read differently: leave it out");
        }
        let name = object.text("name").ok_or("`params.name` must be the name of a tool")?;
        let arguments = match object.borrowed("arguments") {
            None | Some("null") => "{}",
            Some(arguments) if arguments.starts_with('{') => arguments,
            Some(_) => return Err("`params.arguments` must be an object"),
        };
        let mut meta = match object.borrowed("_meta") {
            None => None,
            Some(meta) => Some(RawObject::parse(meta).ok_or("`params._meta` must be an object")?),
        };
        let mut justification = None;
        let mut progress_token = None;
        if let Some(members) = &mut meta {
            justification = members.text(JUSTIFICATION_META);
            if justification.is_none() && has_value(members, JUSTIFICATION_META) {
                return Err("`params._meta[\"dev.preloop/justification\"]` must be text");
            }
            progress_token = members.value("progressToken").map(str::to_owned);
            if members.remove(JUSTIFICATION_META) && members.is_empty() {
                meta = None;
            }
        }
        if progress_token.as_deref().is_some_and(|token| !is_token(token)) {
            return Err("`params._meta.progressToken` must be a string or an integer");
        }
        Ok(Self { params: object, meta, name, arguments, progress_token, justification })
    }

    /// The parameters without the arguments, the progress token and what was meant for us: what is kept of a call that is
    /// made later. Whether there were arguments is still to be seen.
    pub(super) fn kept(&self) -> String {
        let mut params = self.params.clone();
        if params.value("arguments").is_some_and(|text| text != "null") {
            params.set("arguments", "{}");
        }
        let mut meta = self.meta.clone().unwrap_or_default();
        meta.remove("progressToken");
        let meta_text = meta.to_text();
        if meta.is_empty() {
            params.remove("_meta");
        } else {
            params.set("_meta", meta_text);
        }
        params.to_text()
    }
}

/// Words for the agent where an argument differs from one that the tool declares in its case only:
/// rules would look at one of them, and the server at the other.
pub(super) fn look_alike(tool: &Tool, arguments: &str) -> Option<String> {
    let arguments = RawObject::parse(arguments)?;
    let declared = || tool.parameters.iter().map(String::as_str);
    let (argument, name) = arguments.keys().find_map(|key| {
        mistaken_for(key, declared().collect::<Vec<_>>()).map(|name| (key, name))
    })?;
    Some(format!("the call was not run: the argument `{argument}` must be written `{name}`"))
}

fn is_token(text: &str) -> bool {
    text.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit())
}
