//! `cargo xtask python`: builds the wheel of preloop-py, installs it as a user would, and tests what was installed.
//!
//! Everything happens under the target folder, away from the sources, so that only the wheel can be imported.

mod release;
mod stubs;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A cheap build: what is tested is the meaning, not the speed. The module also tells what the stubs are made from.
const BUILD: &[&str] = &["--profile", "dev", "--features", "inspect", "--interpreter"];

/// The folders of one run.
struct Workbench {
    root: PathBuf,
    target: PathBuf,
    folder: PathBuf,
    /// Held as long as the folders are worked in.
    _lock: File,
}

/// Writes the stubs anew from the Rust source.
pub(crate) fn write_stubs(root: &Path) -> Result<String, String> {
    let bench = Workbench::open(root)?;
    bench.install_tools()?;
    let path = root.join(stubs::PLACE);
    fs::write(&path, bench.stubs()?).map_err(|error| at(&path, &error))?;
    Ok(format!("{}: written", stubs::PLACE))
}

/// Builds, installs and tests the package; what failed, with what it printed.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let bench = Workbench::open(root)?;
    bench.install_tools()?;
    let wheel = bench.build()?;
    bench.install(&wheel)?;
    bench.as_a_user(&wheel)?;
    let told = bench.test()?;
    bench.check_stubs()?;
    bench.check_types()?;
    Ok(format!("{}: {told}; the pages' programs run, types agree", name_of(&wheel)))
}

/// Builds, installs and tests the package as it is published.
pub(crate) fn release(root: &Path) -> Result<String, String> {
    Workbench::open(root)?.release()
}

// === impl Workbench ===

impl Workbench {
    fn open(root: &Path) -> Result<Self, String> {
        let target = target_folder(root);
        let folder = target.join("python");
        fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
        // Two runs at once would install over each other.
        let lock = File::create(folder.join("lock")).map_err(|error| at(&folder, &error))?;
        lock.lock().map_err(|error| at(&folder, &error))?;
        Ok(Self { root: root.to_path_buf(), target, folder, _lock: lock })
    }

    fn tool(&self, name: &str) -> PathBuf {
        self.folder.join("tools").join("bin").join(name)
    }

    /// The environment of the tests, made anew where what it holds has changed.
    fn install_tools(&self) -> Result<(), String> {
        let list = self.root.join("preloop-py/tests/requirements.txt");
        let wanted = read(&list)?;
        let stamp = self.folder.join("installed");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        self.python("python3", &["-m", "venv", "--clear", "tools"])?;
        let list = list.to_string_lossy().into_owned();
        self.pip("tools", &["--requirement", &list])?;
        fs::write(&stamp, wanted).map_err(|error| at(&stamp, &error))
    }

    fn build(&self) -> Result<PathBuf, String> {
        let wheels = self.folder.join("wheels");
        // A wheel of an earlier version would be another candidate.
        if wheels.exists() {
            fs::remove_dir_all(&wheels).map_err(|error| at(&wheels, &error))?;
        }
        let mut maturin = Command::new(self.tool("maturin"));
        maturin
            .args(["build", "--locked", "--out"])
            .arg(&wheels)
            .args(BUILD)
            .arg(self.tool("python"))
            .current_dir(self.root.join("preloop-py"))
            .env("CARGO_TARGET_DIR", &self.target);
        run_to_end(&mut maturin, "maturin comes from preloop-py/tests/requirements.txt")?;
        let mut found = fs::read_dir(&wheels).map_err(|error| at(&wheels, &error))?;
        let wheel = found.find_map(|entry| entry.ok().map(|entry| entry.path()));
        wheel.ok_or_else(|| format!("maturin left no wheel in `{}`", wheels.display()))
    }

    fn install(&self, wheel: &Path) -> Result<(), String> {
        let wheel = wheel.to_string_lossy().into_owned();
        self.pip("tools", &["--force-reinstall", "--no-deps", &wheel])
    }

    /// A fresh environment with nothing but the wheel runs the programs of the README and of the page, which print
    /// what the README says.
    fn as_a_user(&self, wheel: &Path) -> Result<(), String> {
        self.python("python3", &["-m", "venv", "--clear", "user"])?;
        let wheel = wheel.to_string_lossy().into_owned();
        self.pip("user", &["--no-index", &wheel])?;
        let readme = read(&self.root.join("preloop-py/README.md"))?;
        let policy = self.folder.join("policy.yaml");
        fs::write(&policy, code(&readme, "yaml")).map_err(|error| at(&policy, &error))?;
        let printed = self.program("preloop-py/README.md", &readme)?;
        let wanted = code(&readme, "text");
        if wanted.is_empty() || printed != wanted {
            return Err(format!("the README says\n{wanted}and its program prints\n{printed}"));
        }
        let page = read(&self.root.join("docs/python.md"))?;
        self.program("docs/python.md", &page).map(drop)
    }

    /// Runs the program of a page.
    fn program(&self, name: &str, page: &str) -> Result<String, String> {
        let program = code(page, "python");
        if program.is_empty() {
            return Err(format!("{name} has no program"));
        }
        let mut python = Command::new(self.folder.join("user/bin/python"));
        python.args(["-c", &program]).current_dir(&self.folder);
        run_to_end(&mut python, &format!("the program of {name} has to run"))
    }

    /// Runs the tests from a copy beside nothing else.
    fn test(&self) -> Result<String, String> {
        let tests = self.folder.join("tests");
        if tests.exists() {
            fs::remove_dir_all(&tests).map_err(|error| at(&tests, &error))?;
        }
        copy(&self.root.join("preloop-py/tests"), &tests)?;
        let mut pytest = Command::new(self.tool("python"));
        pytest
            .args(["-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider", "tests"])
            .current_dir(&self.folder)
            .env("PRELOOP_REPOSITORY", &self.root);
        let printed = run_to_end(&mut pytest, "see the failing test")?;
        let summary = printed.lines().rev().find(|line| line.contains(" passed"));
        let summary = summary.unwrap_or_default().trim_matches(['=', ' ']).to_owned();
        if summary.contains("skipped") {
            return Err(format!("tests were skipped:\n{printed}"));
        }
        Ok(summary)
    }

    /// The stubs are those that the Rust source makes.
    fn check_stubs(&self) -> Result<(), String> {
        let kept = read(&self.root.join(stubs::PLACE))?;
        let made = self.stubs()?;
        if kept == made {
            return Ok(());
        }
        let first = kept.lines().zip(made.lines()).position(|(kept, made)| kept != made);
        let line = first.unwrap_or_default().saturating_add(1);
        Err(format!(
            "{}:{line} is not what the source makes: run `cargo xtask stubs`",
            stubs::PLACE
        ))
    }

    /// The stubs as the Rust source makes them.
    fn stubs(&self) -> Result<String, String> {
        let folder = self.folder.join("stubs");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| at(&folder, &error))?;
        }
        let mut maturin = Command::new(self.tool("maturin"));
        maturin
            .args(["generate-stubs", "--locked", "--out"])
            .arg(&folder)
            .args(BUILD)
            .arg(self.tool("python"))
            .current_dir(self.root.join("preloop-py"))
            .env("CARGO_TARGET_DIR", &self.target);
        run_to_end(&mut maturin, "maturin comes from preloop-py/tests/requirements.txt")?;
        stubs::finished(&read(&stubs::only_file(&folder)?)?)
    }

    /// The stubs say what is there, and the sample agrees with them for both type checkers.
    fn check_types(&self) -> Result<(), String> {
        let python = self.tool("python").to_string_lossy().into_owned();
        self.python(&python, &["-m", "mypy.stubtest", "preloop_engine._native"])?;
        let cache = self.folder.join("mypy").to_string_lossy().into_owned();
        let mypy = ["-m", "mypy", "--strict", "--cache-dir", &cache];
        self.python(&python, &[&mypy[..], &["tests/typed/sample.py"]].concat())?;
        let package = ["--package", "preloop_engine"];
        self.python(&python, &[&mypy[..], &package[..]].concat())?;
        let mut pyright = Command::new(self.tool("pyright"));
        pyright
            .args(["--pythonpath", &python, "tests/typed/sample.py"])
            .current_dir(&self.folder)
            .env("PYRIGHT_PYTHON_IGNORE_WARNINGS", "1");
        run_to_end(&mut pyright, "pyright needs Node.js with npm")?;
        self.python(&python, &["tests/typed/sample.py"])
    }

    fn pip(&self, environment: &str, arguments: &[&str]) -> Result<(), String> {
        let python = self.folder.join(environment).join("bin/python");
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        self.python(&python.to_string_lossy(), &[&install[..], arguments].concat())
    }

    fn python(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder);
        run_to_end(&mut command, "Python 3.10 or newer with its venv module is needed").map(drop)
    }
}

/// What a page has in this language, in one piece.
fn code(page: &str, language: &str) -> String {
    let mut code = String::new();
    let mut is_inside = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some("") => is_inside = false,
            Some(begun) => is_inside = begun == language,
            None if is_inside => {
                code.push_str(line);
                code.push('\n');
            }
            None => {}
        }
    }
    code
}

/// The target folder of the build that this program came from, so that what it built is used again.
fn target_folder(root: &Path) -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let found = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    found.map_or_else(|| root.join("target"), Path::to_path_buf)
}

/// Runs a program to its end and gives what it printed; the failure says that too, and what to do.
fn run_to_end(command: &mut Command, help: &str) -> Result<String, String> {
    // What an outer cargo says about this package would make an inner one build things anew.
    for (name, _) in std::env::vars() {
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    let shown = format!("{command:?}");
    let output = command
        .output()
        .map_err(|error| format!("`{shown}` could not be started: {error}; {help}"))?;
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    Err(format!("`{shown}` failed ({}); {help}:\n{printed}", output.status))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|error| at(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| at(from, &error))? {
        let entry = entry.map_err(|error| at(from, &error))?.path();
        let target = to.join(entry.file_name().unwrap_or_default());
        if entry.is_dir() {
            copy(&entry, &target)?;
        } else {
            fs::copy(&entry, &target).map_err(|error| at(&entry, &error))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| at(path, &error))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", path.display())
}
