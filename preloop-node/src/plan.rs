//! What crosses the border for a call of one tool under one policy.

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
    tool: ToolFacts,
}

impl Plan {
    /// A plan for the tool that these facts describe: a name, or an object.
    pub(crate) fn new(live: Arc<LivePolicy>, tool: Value) -> Result<Self, CallError> {
        let tool = ToolFacts::from_value(tool)?;
        let place = tool.server.as_deref().or(tool.source.as_deref()).unwrap_or_default();
        let read = live.policy().readings(&tool.name, place);
        let (paths, readings): (Vec<ArgPath>, _) =
            read.into_iter().map(|(path, reading)| (path.clone(), reading)).unzip();
        let slots = paths.iter().map(ArgPath::slot).collect();
        Ok(Self { live, paths, slots, readings, tool })
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
