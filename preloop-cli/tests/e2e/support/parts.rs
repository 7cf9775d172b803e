//! The third-party parts, installed once from their lock files under the target folder, never into the tree.
//!
//! The firewall's benchmark in xtask includes this file too, so it needs nothing but the standard library.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is installed, each as text, so that a change of any installs anew.
const PACKAGE: &str = include_str!("../parts/package.json");
const PACKAGE_LOCK: &str = include_str!("../parts/package-lock.json");
const REQUIREMENTS: &str = include_str!("../parts/requirements.txt");

/// Where the installed parts are.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// The folder with `node_modules` and `package.json`.
    pub(crate) node: PathBuf,
    /// The interpreter of the Python environment.
    pub(crate) python: PathBuf,
}

// === impl Parts ===

impl Parts {
    /// The installed parts, installing them first where that was not done yet.
    pub(crate) fn install() -> Result<Self, String> {
        let folder = target_folder()?.join("e2e");
        let parts = Self {
            node: folder.join("node"),
            python: folder.join("python").join("bin").join("python"),
        };
        let stamp = folder.join("installed");
        let wanted = [PACKAGE, PACKAGE_LOCK, REQUIREMENTS].concat();
        fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
        // Several test processes may get here at once: the first installs, the others wait for it.
        let lock = File::create(folder.join("lock")).map_err(|error| at(&folder, &error))?;
        lock.lock().map_err(|error| at(&folder, &error))?;
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(parts);
        }
        parts.install_node()?;
        parts.install_python(&folder)?;
        fs::write(&stamp, wanted).map_err(|error| at(&stamp, &error))?;
        tell("parts are installed");
        Ok(parts)
    }

    /// The program of an npm package that was installed.
    pub(crate) fn node_program(&self, package: &str) -> PathBuf {
        self.node.join("node_modules").join(package).join("dist").join("index.js")
    }

    fn install_node(&self) -> Result<(), String> {
        tell("installing the npm parts (MCP SDK clients and reference servers)");
        fs::create_dir_all(&self.node).map_err(|error| at(&self.node, &error))?;
        for (name, text) in [("package.json", PACKAGE), ("package-lock.json", PACKAGE_LOCK)] {
            let path = self.node.join(name);
            fs::write(&path, text).map_err(|error| at(&path, &error))?;
        }
        run("node", &["--version"], &self.node, "install Node.js 20 or newer")?;
        let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        run("npm", &install, &self.node, "install npm, which comes with Node.js")
    }

    fn install_python(&self, folder: &Path) -> Result<(), String> {
        tell("installing the Python part (MCP SDK client)");
        let help = "install Python 3.10 or newer with its venv module";
        run("python3", &["-m", "venv", "--clear", "python"], folder, help)?;
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS).map_err(|error| at(&requirements, &error))?;
        let python = self.python.to_string_lossy().into_owned();
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(&python, &[&install[..], &["-r", "requirements.txt"]].concat(), folder, help)
    }
}

/// Runs a program to its end; the failure says what it printed and what to do.
fn run(program: &str, arguments: &[&str], folder: &Path, help: &str) -> Result<(), String> {
    let shown = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("`{shown}` could not be started: {error}; {help}"))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    Err(format!("`{shown}` failed ({}):\n{printed}", output.status))
}

/// Cargo's target folder, which is where this program was built.
fn target_folder() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("`{}` is not in a cargo target folder", program.display()))
}

/// Shows progress past the capture of test output: the first run takes a while.
fn tell(line: &str) {
    // Nobody may be looking.
    let _ = writeln!(std::io::stderr(), "e2e: {line}");
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", path.display())
}
