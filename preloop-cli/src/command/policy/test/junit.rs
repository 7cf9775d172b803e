//! The results in the form of `JUnit`, which build servers read.

use std::fmt::Write as _;

use preloop_core::policy_test::Status;

use super::outcome::{CaseOutcome, FileOutcome, Outcome};

/// The whole file.
pub(super) fn text(outcome: &Outcome) -> String {
    let Outcome { passed, failed, skipped, broken, files, .. } = outcome;
    let tests = passed + failed + skipped + broken;
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        xml,
        "<testsuites name=\"preloop policy test\" tests=\"{tests}\" failures=\"{failed}\" errors=\"{broken}\" skipped=\"{skipped}\">"
    );
    for file in files {
        suite(&mut xml, file);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, file: &FileOutcome) {
    let (failed, skipped) = (file.count(Status::Failed), file.count(Status::Skipped));
    let broken = usize::from(file.is_broken());
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"{broken}\" skipped=\"{skipped}\">",
        name = escaped(&file.file),
        tests = file.cases.len() + broken,
    );
    for case in &file.cases {
        self::case(xml, file, case);
    }
    if let Some(message) = &file.message {
        let place = |error: &preloop_core::Diagnostic| {
            let (line, column) = (error.line.unwrap_or(1), error.column.unwrap_or(1));
            let file = error.file.as_deref().unwrap_or(&file.file);
            format!("{file}:{line}:{column}: {}\n", error.message)
        };
        let places: String = file.errors.iter().map(place).collect();
        let _ = writeln!(
            xml,
            "    <testcase classname=\"{name}\" name=\"the file can be run\"><error message=\"{message}\">{places}</error></testcase>",
            name = escaped(&file.file),
            message = escaped(message),
            places = escaped(&places),
        );
    }
    xml.push_str("  </testsuite>\n");
}

fn case(xml: &mut String, file: &FileOutcome, case: &CaseOutcome) {
    let _ = write!(
        xml,
        "    <testcase classname=\"{class}\" name=\"{name}\" file=\"{class}\" line=\"{line}\"",
        class = escaped(&file.file),
        name = escaped(&case.title),
        line = case.line,
    );
    match case.result.status {
        Status::Passed => xml.push_str("/>\n"),
        Status::Skipped => {
            let reason = escaped(case.skip.as_deref().unwrap_or_default());
            let _ = writeln!(xml, "><skipped message=\"{reason}\"/></testcase>");
        }
        Status::Failed => {
            let lines: Vec<String> = case
                .result
                .mismatches
                .iter()
                .map(|m| format!("{}: expected {}, found {}", m.field, m.expected, m.found))
                .collect();
            let first = escaped(lines.first().map_or("", String::as_str));
            let call = case.call.as_ref().map(ToString::to_string).unwrap_or_default();
            let text = escaped(&format!("{}\ncall: {call}", lines.join("\n")));
            let _ = writeln!(
                xml,
                "><failure type=\"decision\" message=\"{first}\">{text}</failure></testcase>"
            );
        }
    }
}

/// The text inside of XML; characters that XML cannot hold are written as an escape of ours.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            control if control.is_control() => out.extend(control.escape_unicode()),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        assert_eq!(escaped("<a b=\"&\">\u{1b}\n"), "&lt;a b=&quot;&amp;&quot;&gt;\\u{1b}&#10;");
    }
}
