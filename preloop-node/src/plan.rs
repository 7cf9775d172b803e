//! What crosses the border for a call of one tool under one policy.

use std::collections::HashMap;
use std::sync::Arc;

use preloop_core::Call;
use preloop_core::call::{CallError, ToolFacts};
use preloop_core::cel::{ArgPath, ArgumentSource, Reading, Tool};
use preloop_core::engine::LivePolicy;
use serde_json::Value;

/// A tool, and the paths that the rules of its entries read.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) live: Arc<LivePolicy>,
    pub(crate) paths: Vec<ArgPath>,
    pub(crate) slots: Box<[u32]>,
    /// What rules look at of each path's argument.
    pub(crate) readings: Vec<Reading>,
    /// The same and all that is in it, by number.
    pub(crate) looked: Vec<Looked>,
    tool: ToolFacts,
}

/// What rules look at of a list or an object, and where in the arguments that is.
///
/// JavaScript numbers in the same order: those of the paths one after the other, each before those in it, and in it the
/// fields' before the entries' and these before the items'.
#[derive(Debug)]
pub(crate) struct Looked {
    /// The position of the path that leads there, or to what it is in.
    pub(crate) path: usize,
    /// The fields' names with the number that the policy has for each.
    pub(crate) fields: Box<[(Box<str>, Option<u32>)]>,
    /// Whether its items are looked at.
    pub(crate) has_items: bool,
}

impl Plan {
    /// A plan for the tool that these facts describe: a name, or an object.
    pub(crate) fn new(live: Arc<LivePolicy>, tool: Value) -> Result<Self, CallError> {
        let tool = ToolFacts::from_value(tool)?;
        let place = tool.server.as_deref().or(tool.source.as_deref()).unwrap_or_default();
        let read = live.policy().readings(&tool.name, place);
        let (paths, readings): (Vec<ArgPath>, Vec<Reading>) =
            read.into_iter().map(|(path, reading)| (path.clone(), reading)).unzip();
        let slots = paths.iter().map(ArgPath::slot).collect();
        let looked = looked(&readings, &live);
        Ok(Self { live, paths, slots, readings, looked, tool })
    }

    /// A call of the tool.
    #[inline]
    pub(crate) fn call<'a>(
        &'a self,
        args: &'a dyn ArgumentSource,
        justification: &'a str,
    ) -> Call<'a> {
        Call {
            tool: Tool {
                name: &self.tool.name,
                source: self.tool.source.as_deref().unwrap_or_default(),
                server: self.tool.server.as_deref().unwrap_or_default(),
                annotations: Some(&self.tool.annotations),
                is_new: self.tool.is_new,
            },
            justification,
            ..Call::new(&self.tool.name, args)
        }
    }
}

/// What is looked at of each path's argument and of what is in it.
fn looked(readings: &[Reading], live: &LivePolicy) -> Vec<Looked> {
    let names: HashMap<&str, u32> = live.policy().field_names().zip(0..).collect();
    let mut looked = Vec::new();
    for (path, reading) in readings.iter().enumerate() {
        number(path, reading, &names, &mut looked);
    }
    looked
}

/// Adds a reading and what is in it. What expressions look at nests no deeper than they do themselves.
fn number(path: usize, reading: &Reading, names: &HashMap<&str, u32>, looked: &mut Vec<Looked>) {
    let fields = reading.fields.keys().map(|name| (name.clone(), names.get(&**name).copied()));
    let has_items = reading.items.is_some();
    looked.push(Looked { path, fields: fields.collect(), has_items });
    let inner = reading.fields.values().chain(reading.entries.as_deref());
    for reading in inner.chain(reading.items.as_deref()) {
        number(path, reading, names, looked);
    }
}
