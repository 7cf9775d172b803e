//! `preloop audit verify`: has the chain of the trail checked.

use clap::Args;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Style, visible};
use crate::remote::{self, Remote};

/// Options of `audit verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    remote: Remote,
}

/// Verifies the trail.
pub(crate) fn run(verify: &Verify, output: Output) -> Result<Exit, Failure> {
    let client = verify.remote.client()?;
    let answer = remote::block_on(async { Ok(client.audit_verify().await?) })?;
    output.result(&answer, |page| {
        if answer.is_valid {
            let verdict = page.styled(Style::Green, "intact");
            page.line(format!(
                "{verdict}: {} records, none changed, missing or moved",
                answer.records
            ));
        } else {
            let verdict = page.styled(Style::Red, "broken");
            page.line(format!(
                "{verdict}: {} of {} records checked",
                answer.problems.len(),
                answer.records
            ));
            for problem in &answer.problems {
                page.line(format!("  record {}: {}", problem.seq, visible(&problem.message)));
            }
        }
        if let Some(head) = &answer.head {
            page.pair("last record", format!("{} {}", head.seq, head.hash));
        }
    })?;
    Ok(if answer.is_valid { Exit::Done } else { Exit::Differs })
}
