//! Programs of others judge the description of the API, and the API by its description.
//!
//! They are installed once under the target folder, never into the tree.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::TestServer;

const REQUIREMENTS: &str = include_str!("requirements.txt");
const SETTINGS: &str = include_str!("schemathesis.toml");
/// Cases of each operation; `PRELOOP_FUZZ_EXAMPLES` says another number for the long run.
const EXAMPLES: &str = "12";

/// The folder with the Python environment, made where it is not there yet.
fn tools() -> PathBuf {
    let folder = target_folder().join("api-others");
    fs::create_dir_all(&folder).unwrap();
    // Several test processes may get here at once: the first installs, the others wait for it.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return folder;
    }
    fs::write(folder.join("requirements.txt"), REQUIREMENTS).unwrap();
    let mut venv = Command::new("python3");
    good(venv.args(["-m", "venv", "--clear", "python"]).current_dir(&folder).output().unwrap());
    let mut install = Command::new(folder.join("python/bin/python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    good(install.arg("requirements.txt").current_dir(&folder).output().unwrap());
    fs::write(&stamp, REQUIREMENTS).unwrap();
    folder
}

fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let is_target = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    program.ancestors().find(is_target).unwrap().to_path_buf()
}

fn good(output: Output) -> String {
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{}\n{printed}", output.status);
    printed
}

/// Runs a program of the environment beside a server, which goes on answering meanwhile.
async fn run(command: &str, folder: &Path, arguments: Vec<String>) -> String {
    let mut program = Command::new(tools().join("python/bin").join(command));
    program.args(arguments).current_dir(folder);
    let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    good(output)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_valid() {
    let server = TestServer::start().await;
    let (_, description) = server.owner_get("/openapi.json").await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("openapi.json"), description.to_string()).unwrap();
    let arguments = ["--schema", "3.1", "--errors", "all", "openapi.json"].map(str::to_owned);
    let printed = run("openapi-spec-validator", folder.path(), arguments.into()).await;
    assert!(printed.contains("OK"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_meets_only_what_the_description_says() {
    let server = TestServer::start().await;
    fuzz(&server, &server.owner_key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_meets_only_what_the_description_says() {
    let server = TestServer::start().await;
    fuzz(&server, &server.agent_key).await;
}

/// Runs schemathesis; it fails with each request that was answered in another way than the description says.
async fn fuzz(server: &TestServer, key: &str) {
    // Something to find in every list.
    server.hold("pay", serde_json::json!({"amount": 3})).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("schemathesis.toml"), SETTINGS).unwrap();
    let setting = |name: &str, usual: &str| std::env::var(name).unwrap_or(usual.to_owned());
    let arguments = [
        "run".to_owned(),
        format!("{}/openapi.json", server.url),
        format!("--header=Authorization: Bearer {key}"),
        // The firewall speaks a protocol of its own, and has its own tests.
        "--exclude-path-regex=^/mcp".to_owned(),
        // A document that its schema allows may still be refused for what it says.
        // It sends thousands of wrong keys, which are answered 429 after a while; that each route
        // refuses them is held by a test of its own.
        "--exclude-checks=positive_data_acceptance,ignored_auth".to_owned(),
        "--phases=examples,coverage,fuzzing".to_owned(),
        format!("--max-examples={}", setting("PRELOOP_FUZZ_EXAMPLES", EXAMPLES)),
        format!("--seed={}", setting("PRELOOP_FUZZ_SEED", "1")),
        "--continue-on-failure".to_owned(),
        "--no-shrink".to_owned(),
        "--warnings=off".to_owned(),
        "--request-timeout=30".to_owned(),
    ];
    let printed = run("schemathesis", folder.path(), arguments.into()).await;
    assert!(printed.contains("No issues found"), "{printed}");
}
