//! Building, packing and installing the package under the target folder, never in the tree.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// What the package is made of.
const PARTS: &[&str] =
    &["package.json", "package-lock.json", "tsconfig.json", "README.md", "lib", "scripts", "test"];

/// The package, built from a copy of its sources.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    /// Where it was built.
    pub(crate) folder: PathBuf,
    /// Where its sources are.
    pub(crate) source: PathBuf,
    /// The file name of the native module.
    pub(crate) module: String,
}

// === impl Package ===

impl Package {
    /// The built package. A test that needs it fails, and never skips, where it cannot be built.
    pub(crate) fn built() -> &'static Self {
        static PACKAGE: LazyLock<Package> = LazyLock::new(Package::build);
        &PACKAGE
    }

    fn build() -> Self {
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let folder = target_folder().join("preloop-node");
        fs::create_dir_all(&folder).unwrap();
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let folder = folder.join("package");
        for part in PARTS {
            let (from, to) = (source.join(part), folder.join(part));
            if to.is_dir() {
                fs::remove_dir_all(&to).unwrap();
            }
            copy(&from, &to);
        }
        copy(&source.join("../LICENSE"), &folder.join("LICENSE"));
        let stamp = folder.join("node_modules/installed");
        let wanted = fs::read_to_string(source.join("package-lock.json")).unwrap();
        if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
            let mut command = npm(&folder);
            command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
            run(command);
            fs::write(&stamp, wanted).unwrap();
        }
        // The test profile's build of the native module is there already; a release is tested with the one it ships.
        let profile = std::env::var("PRELOOP_PROFILE").unwrap_or_else(|_| "dev".to_owned());
        let mut command = npm(&folder);
        command.args(["run", "build", "--", "--profile", &profile, "--manifest-path"]);
        command.arg(source.join("Cargo.toml"));
        command.env("CARGO_TARGET_DIR", target_folder());
        run(command);
        let mut built =
            fs::read_dir(folder.join("dist")).unwrap().map(|entry| entry.unwrap().path());
        let module = built.find(|path| path.extension().is_some_and(|kind| kind == "node"));
        let module = module.unwrap().file_name().unwrap().to_string_lossy().into_owned();
        Self { folder, source, module }
    }

    /// A project that knows nothing but these tarballs.
    pub(crate) fn fresh_project(&self, name: &str, tarballs: &[&str]) -> PathBuf {
        let project = self.folder.with_file_name(name);
        if project.is_dir() {
            fs::remove_dir_all(&project).unwrap();
        }
        fs::create_dir_all(&project).unwrap();
        let mut command = npm(&project);
        command.args(["init", "--yes", "--loglevel=error"]);
        run(command);
        let mut command = npm(&project);
        command.args(["install", "--no-audit", "--no-fund", "--loglevel=error"]).args(tarballs);
        run(command);
        project
    }
}

/// The tarball that `npm pack` makes of a folder.
pub(crate) fn packed(folder: &Path) -> String {
    let mut command = npm(folder);
    command.args(["pack", "--loglevel=error"]);
    let printed = run(command);
    let tarball = folder.join(printed.lines().last().unwrap().trim());
    println!("{}: {} bytes", tarball.display(), fs::metadata(&tarball).unwrap().len());
    tarball.display().to_string()
}

/// The fenced blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in page.lines() {
        match (&mut open, line.starts_with("```")) {
            (None, true) => open = Some(String::new()),
            (Some(_), true) => blocks.extend(open.take()),
            (Some(block), false) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, false) => {}
        }
    }
    blocks
}

/// Node, in a folder.
pub(crate) fn node(folder: &Path) -> Command {
    command("node", folder)
}

/// npm, in a folder.
pub(crate) fn npm(folder: &Path) -> Command {
    command("npm", folder)
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_remove("NODE_OPTIONS");
    command
}

/// Runs a program to its end; what it printed on standard output.
#[track_caller]
pub(crate) fn run(mut command: Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?} could not be started: {error}; install Node.js 20 or newer with npm")
    });
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{printed}\n{errors}");
    printed
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
        return;
    }
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        copy(&from.join(&name), &to.join(&name));
    }
}

/// Cargo's target folder, which is where this program was built.
fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let folder = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    folder.expect("tests are built in a cargo target folder").to_path_buf()
}
