//! An engine as JavaScript holds it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use napi::Env;
use napi::bindgen_prelude::{Function, Uint8Array, Utf16String};
use napi_derive::napi;
use preloop_core::call::CallFacts;
use preloop_core::cel::{ArgumentSource, JsonText, Reading};
use preloop_core::dialect::any_dialect;
use preloop_core::engine::Ruling;
use preloop_core::{BoundEngine, Call, Engine, Report, Timestamp, ValidPolicy};
use preloop_files::PolicySource;

use crate::arguments::{Arguments, Refused};
use crate::layout::Crossing;
use crate::plan::Plan;
use crate::{as_json, document, failure, refused};

/// The answer of a decider where the decision was not made beforehand.
const MADE: i32 = -1;

type Plans = Rc<RefCell<Vec<Rc<Plan>>>>;

/// An engine with what is bound to it.
#[napi]
#[derive(Debug)]
pub struct NativeEngine {
    bound: BoundEngine,
    plans: Plans,
}

/// A decision as JSON text, with its number in the policy or a negative one: a call that is decided again, later, may be
/// decided otherwise, so what is kept under a number comes with it.
#[napi(object)]
#[derive(Debug)]
pub struct Told {
    /// The number, or a negative one where the decision was made for this very call.
    pub number: i32,
    /// The decision as JSON text.
    pub text: String,
}

#[napi]
impl NativeEngine {
    /// Loads a document; one that is refused is an error whose message is the report as JSON text.
    #[napi(factory)]
    pub fn load(text: Utf16String) -> napi::Result<Self> {
        Self::of(any_dialect(&document::utf8(&text)).map(|(policy, _)| policy))
    }

    /// Loads a file, or the policy files of a folder as one document. Where it cannot be read the error's message is
    /// words and no JSON text.
    #[napi(factory)]
    pub fn load_file(path: String) -> napi::Result<Self> {
        let source = PolicySource::read(Path::new(&path))
            .map_err(|error| failure(&format!("`{path}`: {error}")))?;
        Self::of(source.any_dialect().map(|(policy, _)| policy))
    }

    /// The same engine with other facts for each call, which are JSON text.
    #[napi]
    pub fn bind(&self, facts: String) -> napi::Result<NativeEngine> {
        let facts = preloop_core::json::parse(&facts).map_err(|error| failure(&error))?;
        let bound = self.bound.engine().bind(facts).map_err(|error| failure(&error))?;
        Ok(Self { bound, plans: Rc::clone(&self.plans) })
    }

    /// Decides by another document from now on; the plans made before are gone.
    #[napi]
    pub fn replace(&self, text: Utf16String) -> napi::Result<()> {
        let replaced = self.bound.engine().replace(&document::utf8(&text));
        replaced.map_err(|report| refused(&report))?;
        self.forget();
        Ok(())
    }

    /// Drops every plan.
    #[napi]
    pub fn forget(&self) {
        self.plans.borrow_mut().clear();
    }

    /// The state of the engine as JSON text.
    #[napi]
    pub fn status(&self) -> napi::Result<String> {
        as_json(&self.bound.engine().status())
    }

    /// Plans calls of a tool, which is a name or an object as JSON text. Answers the keys of each path and what is looked
    /// at there, as JSON text; the plan's number is how many there were before. What is looked at is numbered as
    /// [`Looked`](crate::plan::Looked) says.
    #[napi]
    pub fn plan(&self, tool: String) -> napi::Result<String> {
        let tool = preloop_core::json::parse(&tool).map_err(|error| failure(&error))?;
        let plan = Plan::new(self.bound.engine().live(), tool).map_err(|error| failure(&error))?;
        let read = plan.paths.iter().zip(&plan.readings);
        let read: Vec<(Vec<&str>, &Reading)> =
            read.map(|(path, reading)| (path.keys().collect(), reading)).collect();
        let read = as_json(&read)?;
        self.plans.borrow_mut().push(Rc::new(plan));
        Ok(read)
    }

    /// A function that decides the call in `scratch` and answers the number of the decision, or a negative number
    /// where it has none: then `decide` makes it.
    #[napi]
    pub fn decider<'env>(
        &self,
        env: &'env Env,
        scratch: Uint8Array,
    ) -> napi::Result<Function<'env, (), i32>> {
        let (bound, plans) = (self.bound.clone(), Rc::clone(&self.plans));
        env.create_function_from_closure("decide", move |_| {
            // A panic must not cross the border; whatever it was, the call does not run.
            let number = catch_unwind(AssertUnwindSafe(|| number(&bound, &plans, &scratch)));
            Ok(number.ok().flatten().unwrap_or(MADE))
        })
    }

    /// Decides the call in `bytes`.
    #[napi(catch_unwind)]
    pub fn decide(&self, bytes: &[u8]) -> napi::Result<Told> {
        self.in_buffer(bytes, told)
    }

    /// Decides the call in `bytes` and tells how; the decision as JSON text.
    #[napi(catch_unwind)]
    pub fn explain(&self, bytes: &[u8]) -> napi::Result<String> {
        self.in_buffer(bytes, |plan, call| as_json(&plan.live.explain(call)))
    }

    /// The decision about a call that cannot be judged, with these words; JSON text.
    #[napi(catch_unwind)]
    pub fn refuse(&self, message: String) -> napi::Result<String> {
        as_json(&self.bound.engine().live().invalid(message))
    }

    /// Decides, or explains, a call whose arguments are JSON text.
    #[napi(catch_unwind)]
    pub fn judge_text(
        &self,
        plan: u32,
        args: String,
        justification: String,
        is_explained: bool,
    ) -> napi::Result<Told> {
        let plan = self.planned(plan as usize)?;
        let pulled;
        let refused;
        let source: &dyn ArgumentSource = match text_arguments(&args, &plan) {
            Ok(text) => {
                pulled = text;
                &pulled
            }
            Err(message) => {
                refused = Refused::new(message);
                &refused
            }
        };
        let call = self.complete(&plan, &plan.call(source, &justification));
        if is_explained {
            return Ok(Told { number: MADE, text: as_json(&plan.live.explain(&call))? });
        }
        told(&plan, &call)
    }
}

impl NativeEngine {
    fn of(policy: Result<ValidPolicy, Report>) -> napi::Result<Self> {
        let engine: Engine = Engine::of(policy.map_err(|report| refused(&report))?, Some(now));
        Ok(Self { bound: engine.bind_facts(CallFacts::default()), plans: Plans::default() })
    }

    fn planned(&self, number: usize) -> napi::Result<Rc<Plan>> {
        let plan = self.plans.borrow().get(number).map(Rc::clone);
        plan.ok_or_else(|| failure(&"the call follows no plan"))
    }

    fn in_buffer<R>(
        &self,
        bytes: &[u8],
        judge: impl FnOnce(&Plan, &Call<'_>) -> napi::Result<R>,
    ) -> napi::Result<R> {
        let crossing = Crossing::new(bytes);
        let broken = || failure(&"the call was not handed over whole");
        let plan = self.planned(crossing.plan().ok_or_else(broken)?)?;
        let args = Arguments::new(crossing, &plan);
        let justification = crossing.justification().ok_or_else(broken)?;
        judge(&plan, &self.complete(&plan, &plan.call(&args, justification)))
    }

    fn complete<'a>(&'a self, plan: &Plan, call: &Call<'a>) -> Call<'a> {
        complete(&self.bound, plan, call)
    }
}

/// The number of the decision about the call in the buffer, if it has one.
#[inline]
fn number(bound: &BoundEngine, plans: &Plans, bytes: &[u8]) -> Option<i32> {
    let crossing = Crossing::new(bytes);
    let plans = plans.try_borrow().ok()?;
    let plan = plans.get(crossing.plan()?)?;
    let justification = crossing.justification()?;
    if let Some(text) = crossing.json_text() {
        return number_of(bound, plan, &text_arguments(text, plan).ok()?, justification);
    }
    number_of(bound, plan, &Arguments::new(crossing, plan), justification)
}

#[inline]
fn number_of(
    bound: &BoundEngine,
    plan: &Plan,
    args: &dyn ArgumentSource,
    justification: &str,
) -> Option<i32> {
    let call = complete(bound, plan, &plan.call(args, justification));
    match plan.live.decide(&call) {
        Ruling::Known(number, _) => i32::try_from(number).ok(),
        Ruling::Made(_) => None,
    }
}

/// The call with what is bound, and with the clock's time where a condition asks for one.
#[inline]
fn complete<'a>(bound: &'a BoundEngine, plan: &Plan, call: &Call<'a>) -> Call<'a> {
    let call = bound.call(call);
    let now = call.now.or_else(|| bound.engine().now(&plan.live));
    Call { now, ..call }
}

fn told(plan: &Plan, call: &Call<'_>) -> napi::Result<Told> {
    let ruling = plan.live.decide(call);
    let (number, decision) = match &ruling {
        Ruling::Known(number, decision) => (i32::try_from(*number).unwrap_or(MADE), *decision),
        Ruling::Made(decision) => (MADE, &**decision),
    };
    Ok(Told { number, text: as_json(decision)? })
}

/// The arguments in JSON text, or why it holds none.
fn text_arguments<'t>(text: &'t str, plan: &'t Plan) -> Result<JsonText<'t>, String> {
    if !text.trim_start().starts_with('{') {
        return Err("the arguments are no JSON object".to_owned());
    }
    JsonText::pull(text, &plan.paths).map_err(|error| format!("the arguments are no JSON: {error}"))
}

#[expect(clippy::disallowed_methods, reason = "the binding is where the core's time comes from")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::UNIX_EPOCH.saturating_add(since)
}
