//! The closed set of problem codes; `docs/ERRORS.md` is generated from it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Declares the codes once: variant, wire name and one line for the manual.
macro_rules! codes {
    ($($variant:ident, $name:literal, $severity:ident, $about:literal;)*) => {
        /// What kind of problem it is: stable, one meaning each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $about] #[serde(rename = $name)] $variant,)*
        }

        impl Code {
            /// Every code, in the manual's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on every wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One line on what it means.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            /// Whether it keeps the document from being used.
            pub const fn is_error(self) -> bool {
                match self { $(Self::$variant => codes!(@$severity),)* }
            }
        }
    };
    (@error) => { true };
    (@warning) => { false };
}

codes! {
    DocumentTooLarge, "document_too_large", error, "The text is longer than 1 MiB.";
    InvalidUtf8, "invalid_utf8", error, "The bytes are not UTF-8.";
    InvalidCharacter, "invalid_character", error, "The text holds a control character or a byte order mark that its format does not allow.";
    InvalidYaml, "invalid_yaml", error, "The text is not YAML 1.2.";
    InvalidJson, "invalid_json", error, "The text begins with `{` or `[` and is not JSON.";
    EmptyDocument, "empty_document", error, "There is nothing in the document.";
    SeveralDocuments, "several_documents", error, "The file holds more than one YAML document.";
    NestingTooDeep, "nesting_too_deep", error, "Lists and mappings are nested deeper than 64.";
    TooManyNodes, "too_many_nodes", error, "The document has more nodes, its aliases expanded, than allowed.";
    InvalidAlias, "invalid_alias", error, "A YAML alias stands inside its own anchor.";
    MergeKey, "merge_key", error, "A YAML merge key `<<` is used.";
    UnsupportedTag, "unsupported_tag", error, "A YAML tag other than `!!str` is used.";
    DuplicateKey, "duplicate_key", error, "The same key stands twice in one mapping.";
    InvalidKey, "invalid_key", error, "A key is not text.";
    AmbiguousNumber, "ambiguous_number", error, "A number is written in a way that readers understand differently.";
    UnsupportedVersion, "unsupported_version", error, "The document's `version` is not \"1.0\".";
    UnsupportedSection, "unsupported_section", error, "A section or key that this version does not enforce.";
    UnknownKey, "unknown_key", error, "A key that the format does not have.";
    ConflictingKeys, "conflicting_keys", error, "The same field is given under two spellings.";
    ConflictingFiles, "conflicting_files", error, "Two files of one policy give the same field different values.";
    MissingField, "missing_field", error, "A required key is missing.";
    WrongType, "wrong_type", error, "A value of another type is wanted.";
    InvalidValue, "invalid_value", error, "The value is not one of those allowed, or not in the form wanted.";
    OutOfRange, "out_of_range", error, "The number is outside the range allowed.";
    TooLong, "too_long", error, "The text is longer than allowed.";
    TooManyItems, "too_many_items", error, "The list or mapping has more items than allowed.";
    BlankValue, "blank_value", error, "The text is empty or only blanks where something must stand.";
    InvalidName, "invalid_name", error, "The name holds characters that its use does not allow.";
    DuplicateName, "duplicate_name", error, "Two entries of one list have the same name.";
    ReservedName, "reserved_name", error, "An MCP server has a name that means a class of tools.";
    DuplicateTool, "duplicate_tool", error, "Two tool entries have the same name and the same source.";
    PrefixedToolName, "prefixed_tool_name", error, "A tool entry is spelled as agents see it, not by the tool's own name.";
    UnknownApprovalWorkflow, "unknown_approval_workflow", error, "A reference to an approval workflow that the document does not define.";
    UnknownMcpServer, "unknown_mcp_server", error, "A tool's source is neither a class nor a server of the document.";
    EscalationCycle, "escalation_cycle", error, "Escalation workflows lead back to where they began.";
    UnreachableQuorum, "unreachable_quorum", error, "More approvals are required than there are people who may vote.";
    IncompleteAiWorkflow, "incomplete_ai_workflow", error, "An AI-driven workflow lacks its model or its guidelines.";
    InvalidUrl, "invalid_url", error, "The address is not an http or https URL in the form wanted.";
    CredentialsInUrl, "credentials_in_url", error, "A password or key stands in the address, which is exported and logged.";
    MisplacedField, "misplaced_field", error, "The field does not go with the entry's other settings.";
    InvalidVariable, "invalid_variable", error, "A `${VARIABLE}` is malformed, not allowed there, or reserved.";
    InvalidExpression, "invalid_expression", error, "The condition is not an expression of its language.";
    ExpressionTooLarge, "expression_too_large", error, "The condition is longer or nests deeper than allowed.";
    UnknownVariable, "unknown_variable", error, "The condition reads a variable that does not exist.";
    UnknownField, "unknown_field", error, "The condition reads a field that the value does not have.";
    UnknownFunction, "unknown_function", error, "The condition calls a function that does not exist.";
    WrongArity, "wrong_arity", error, "The condition calls a function with the wrong number of arguments.";
    WrongOperands, "wrong_operands", error, "The condition combines values that can never go together.";
    NotBool, "not_bool", error, "The condition's value is not true or false.";
    InvalidLiteral, "invalid_literal", error, "A constant pattern, instant, duration, time zone or address of the condition is not valid.";
    FailedExample, "failed_example", error, "A rule's example does not do what it says.";
    UnknownDialect, "unknown_dialect", error, "The keys are those of no kind of policy.";
    MixedDialects, "mixed_dialects", error, "The keys are partly of policy documents and partly of flat policies.";
    ModelNotConfigured, "model_not_configured", error, "Prose is compiled by a language model, and there is none.";
    NotInDocument, "not_in_document", error, "A change names an entry or a rule that the document does not have.";
    AmbiguousAddress, "ambiguous_address", error, "A change names an entry or a rule by a name that several have.";
    UnknownFixture, "unknown_fixture", error, "A test names a fixture that its file does not have.";
    NotFormattable, "not_formattable", error, "No way of formatting the text could be proven to keep its meaning and its comments, or it is a flat policy.";
    TooManyProblems, "too_many_problems", error, "There are more problems than are shown.";
    MissingCredentials, "missing_credentials", warning, "A server wants authentication and has no credentials in the document.";
    LiteralSecret, "literal_secret", warning, "A secret stands in the document as plain text.";
    LocalProgram, "local_program", warning, "A stdio server starts a program, which only a local file or the operator's list may do.";
    SharedPrefix, "shared_prefix", warning, "Two servers have the same `tool_prefix`.";
    ShadowedServer, "shadowed_server", warning, "A server's name is an address of the firewall itself.";
    PossiblyPrefixedToolName, "possibly_prefixed_tool_name", warning, "A tool entry looks like a name that agents see.";
    SuspiciousToolName, "suspicious_tool_name", warning, "A tool's name holds signs that other tools give a meaning, and that stand for themselves here.";
    UnreachableTool, "unreachable_tool", warning, "An earlier glob takes every call that the entry could take.";
    UnreachableEvidence, "unreachable_evidence", warning, "A tool wants another called first that can never be called.";
    IgnoredKey, "ignored_key", warning, "A key that no policy has was left out (compile; elsewhere it is an error).";
    Contradiction, "contradiction", warning, "Two fields of a flat policy stand against each other.";
    NoEffect, "no_effect", warning, "The field changes nothing where it stands.";
    NoEscalationTarget, "no_escalation_target", warning, "A workflow escalates and names nobody to escalate to.";
    UnknownApprover, "unknown_approver", warning, "A workflow names a user or a team that nobody in the account is.";
    NoApprover, "no_approver", warning, "A workflow asks more people than there are who could vote.";
    UndialledServer, "undialled_server", warning, "A server stands in the policy of a scope whose servers are not dialled.";
    AlwaysTrue, "always_true", warning, "The condition is true for every call.";
    NeverTrue, "never_true", warning, "The condition is true for no call.";
    TooCostly, "too_costly", warning, "The condition can cost more than its budget, whatever the arguments are.";
    AlwaysFails, "always_fails", warning, "A part of the condition fails whenever it is evaluated.";
    NeverNull, "never_null", warning, "The condition asks whether something is null that never is.";
    UnreachableRule, "unreachable_rule", warning, "An earlier rule of the tool matches every call.";
    ShadowedRule, "shadowed_rule", warning, "An earlier rule decides every call for which this one holds (lint).";
    EvadableText, "evadable_text", warning, "A rule stops a command by its text, and what it misses is allowed (lint).";
    TooWideText, "too_wide_text", warning, "An allow rule tests text in a way that lets more through than it names (lint).";
    UnusedWorkflow, "unused_workflow", warning, "Nothing names the approval workflow (lint).";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
