//! Single changes of a document's rules, as a console or an API makes them: one rule added, removed,
//! moved, switched or replaced. What comes of a change is validated like any document.

mod address;

use serde_json::Value;

pub use address::{RuleAddress, ToolAddress};

use crate::diagnostic::{Code, Diagnostic, Findings, Lines, Report};
use crate::document::{Condition, PolicyDocument, Tool};
use crate::parse::{Decoder, json_tree, rule};
use crate::validate::ValidPolicy;

/// One change of one tool's rules.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleEdit<'a> {
    /// A rule more.
    Add {
        /// The new rule.
        rule: Condition,
        /// Its position afterwards; none for the last.
        at: Option<usize>,
    },
    /// A rule less.
    Remove(RuleAddress<'a>),
    /// The same rules in another order.
    Move {
        /// Which rule.
        rule: RuleAddress<'a>,
        /// Its position afterwards.
        to: usize,
    },
    /// A rule switched on or off.
    Enable {
        /// Which rule.
        rule: RuleAddress<'a>,
        /// Whether it is on afterwards.
        enabled: bool,
    },
    /// Another rule in the place of one.
    Replace {
        /// Which rule.
        rule: RuleAddress<'a>,
        /// What stands there afterwards.
        with: Condition,
    },
}

/// The policy after one change of one tool's rules; the document given stays as it is.
///
/// The report of a change that is refused has either one error that says which address leads nowhere,
/// or what validation says of the document that the change would make. It has paths and no lines,
/// since nobody has written that text.
///
/// ```
/// use preloop_core::edit::{RuleAddress, RuleEdit, ToolAddress, edit_rules};
///
/// let text = "version: '1.0'\nmetadata: {name: p}\ntools:\n- name: pay\n  conditions:\n  \
///             - {name: large, expression: amount > 100}\n  - {name: all, action: allow}\n";
/// let document = preloop_core::parse(text).unwrap();
/// let pay = ToolAddress::Named { name: "pay", source: None };
///
/// let edit = RuleEdit::Move { rule: RuleAddress::Named("all"), to: 0 };
/// let policy = edit_rules(&document, pay, edit).unwrap();
/// assert_eq!(policy.document().tools[0].conditions[0].name.as_deref(), Some("all"));
///
/// let edit = RuleEdit::Remove(RuleAddress::Named("larg"));
/// let error = &edit_rules(&document, pay, edit).unwrap_err().errors[0];
/// assert_eq!((&*error.path, &*error.message), ("tools[0].conditions", "no rule of tool `pay` is named `larg`"));
/// assert_eq!(error.help.as_deref(), Some("did you mean `large`?"));
/// ```
pub fn edit_rules(
    document: &PolicyDocument,
    tool: ToolAddress<'_>,
    edit: RuleEdit<'_>,
) -> Result<ValidPolicy, Report> {
    let refused = |problem| Report { is_valid: false, errors: vec![problem], warnings: Vec::new() };
    let index = address::tool(document, tool).map_err(refused)?;
    let mut edited = document.clone();
    if let Some(tool) = edited.tools.get_mut(index) {
        apply(index, tool, edit).map_err(refused)?;
    }
    ValidPolicy::from_document(&edited)
}

/// The rule at an address; the report of one that leads nowhere has one error that says so.
pub fn rule_at<'d>(
    document: &'d PolicyDocument,
    tool: ToolAddress<'_>,
    rule: RuleAddress<'_>,
) -> Result<&'d Condition, Report> {
    let refused = |problem| Report { is_valid: false, errors: vec![problem], warnings: Vec::new() };
    let index = address::tool(document, tool).map_err(refused)?;
    let nowhere = || {
        let message = format!("there is no entry at position {index}");
        refused(Diagnostic::new(Code::NotInDocument, "tools", message))
    };
    let entry = document.tools.get(index).ok_or_else(nowhere)?;
    let at = address::rule(index, entry, rule).map_err(refused)?;
    entry.conditions.get(at).ok_or_else(nowhere)
}

/// Reads one rule, as strictly as in a document; the paths of the problems begin at the rule.
pub fn read_rule(value: &Value) -> Result<Condition, Report> {
    let text = value.to_string();
    let Some(tree) = json_tree(&text) else {
        let problem =
            Diagnostic::new(Code::DocumentTooLarge, "", "the rule is too large or too deep");
        return Err(Report { is_valid: false, errors: vec![problem], warnings: Vec::new() });
    };
    let mut findings = Findings::default();
    let lines = Lines::new(&text);
    let rule = rule(&mut Decoder::new(&tree, &text, &lines, &mut findings));
    let report = findings.into_report().without_places();
    if report.is_valid { Ok(rule) } else { Err(report) }
}

fn apply(index: usize, tool: &mut Tool, edit: RuleEdit<'_>) -> Result<(), Diagnostic> {
    match edit {
        RuleEdit::Add { rule, at } => {
            let last = tool.conditions.len();
            let at = at.unwrap_or(last);
            check_position(index, tool, at, last)?;
            tool.conditions.insert(at, rule);
        }
        RuleEdit::Remove(rule) => {
            tool.conditions.remove(address::rule(index, tool, rule)?);
        }
        RuleEdit::Move { rule, to } => {
            let from = address::rule(index, tool, rule)?;
            check_position(index, tool, to, tool.conditions.len().saturating_sub(1))?;
            let rule = tool.conditions.remove(from);
            tool.conditions.insert(to, rule);
        }
        RuleEdit::Enable { rule, enabled } => {
            let at = address::rule(index, tool, rule)?;
            if let Some(rule) = tool.conditions.get_mut(at)
                && rule.enabled.unwrap_or(true) != enabled
            {
                rule.enabled = if enabled { None } else { Some(false) };
            }
        }
        RuleEdit::Replace { rule, with } => {
            let at = address::rule(index, tool, rule)?;
            if let Some(rule) = tool.conditions.get_mut(at) {
                *rule = with;
            }
        }
    }
    Ok(())
}

/// A position that a rule of a tool can have.
fn check_position(index: usize, tool: &Tool, at: usize, last: usize) -> Result<(), Diagnostic> {
    if at <= last {
        return Ok(());
    }
    let path = format!("tools[{index}].conditions");
    let message = format!("tool `{}` has no position {at} for a rule", tool.name);
    let help = format!("positions count from 0; the last here is {last}");
    Err(Diagnostic::new(Code::OutOfRange, path, message).help(help))
}

#[cfg(test)]
mod tests;
