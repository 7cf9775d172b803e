//! The agent of docs/rust.md: a guard in front of one tool.
#![expect(clippy::print_stdout, reason = "it is what an example shows")]

use preloop_core::Engine;
use preloop_core::engine::{Answer, Guard};
use preloop_files::FromFile;
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::from_file("policy.yaml")?;
    println!("{}", engine.decide("bash", &json!({"command": "ls"})).action);

    let guard = Guard::new(engine.bind(json!({}))?, |call, _| {
        let command = call.args.object().and_then(|args| args.get("command"));
        if command == Some(&json!("git push origin main")) {
            Answer::Approved
        } else {
            Answer::Declined
        }
    });
    let bash = guard.tool("bash", |args| format!("ran {}", args["command"].as_str().unwrap_or("")));

    for command in ["ls", "git push origin main", "rm -rf build"] {
        match bash(&json!({"command": command})) {
            Ok(output) => println!("{output}"),
            Err(refusal) => println!("{}: {refusal}", refusal.kind),
        }
    }
    Ok(())
}
