//! A browser for the tests: Debian's Chromium, driven by Playwright, judged by axe.
//!
//! What it needs is installed once under the target folder, Chromium by Debian's package.

mod parts;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

/// A browser without a window on the screen; it ends with this value.
#[derive(Debug)]
pub struct Browser {
    driver: Arc<Mutex<Driver>>,
    shots: PathBuf,
}

/// One page of a browser, in a context of its own: cookies and passkeys are not shared with other tabs.
#[derive(Debug)]
pub struct Tab {
    driver: Arc<Mutex<Driver>>,
    shots: PathBuf,
    number: u64,
}

#[derive(Debug)]
struct Driver {
    child: Child,
    /// Open until the browser has to end.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

// === impl Browser ===

impl Browser {
    /// Starts it.
    ///
    /// # Panics
    /// Where there is no browser to be had: a test of pages must not pass without one.
    pub fn start() -> Self {
        let parts = parts::install().unwrap_or_else(|error| panic!("{error}"));
        let child = Command::new("node")
            .arg(parts.folder.join("driver.mjs"))
            .current_dir(&parts.folder)
            .env("CHROMIUM", &parts.chromium)
            // The sandbox does not work for the superuser; what is looked at here is our own.
            .env("SANDBOX", if crate::program::is_root() { "no" } else { "yes" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot start Node.js: {error}"));
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("the driver of the browser has no input and output")
        };
        let answers = BufReader::new(answers);
        let driver = Driver { child, questions: Some(questions), answers };
        Self { driver: Arc::new(Mutex::new(driver)), shots: parts.folder.join("shots") }
    }

    /// Opens a tab with the options of Playwright's `newContext`, such as `viewport`, `colorScheme` and
    /// `javaScriptEnabled`.
    ///
    /// # Panics
    /// Where the browser does not do it.
    pub fn open(&self, options: &Value) -> Tab {
        let opened = ask(&self.driver, &json!({"command": "open", "options": options}));
        let number = opened.as_u64().unwrap_or_else(|| panic!("no tab was opened: {opened}"));
        Tab { driver: Arc::clone(&self.driver), shots: self.shots.clone(), number }
    }

    /// Opens a tab that is as small as a phone's.
    ///
    /// # Panics
    /// Where the browser does not do it.
    pub fn open_phone(&self) -> Tab {
        self.open(&json!({
            "viewport": {"width": 360, "height": 740},
            "deviceScaleFactor": 2,
            "hasTouch": true,
            "isMobile": true,
        }))
    }
}

// === impl Tab ===

impl Tab {
    /// Runs a piece of JavaScript beside the page, with Playwright's `page` and `context`, and `argument`; its value.
    ///
    /// # Panics
    /// Where it fails.
    pub fn run(&self, code: &str, argument: &Value) -> Value {
        self.ask(&json!({"command": "run", "code": code, "argument": argument}))
    }

    /// Goes to an address: the status of the answer.
    ///
    /// # Panics
    /// Where there is no answer.
    pub fn goto(&self, url: &str) -> u64 {
        let status = self.run("return (await page.goto(argument)).status()", &json!(url));
        status.as_u64().unwrap_or_else(|| panic!("`{url}` answered {status}"))
    }

    /// What a person reads in the first element of a selector.
    ///
    /// # Panics
    /// Where there is none.
    pub fn text(&self, selector: &str) -> String {
        let text = self.run("return page.locator(argument).first().innerText()", &json!(selector));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Presses what a selector finds, which must be one and lead to another page, and waits until that is there.
    ///
    /// # Panics
    /// Where there is nothing to press, or nothing comes of it.
    pub fn click(&self, selector: &str) {
        let code = "await Promise.all([page.waitForNavigation(), page.locator(argument).click()])";
        self.run(code, &json!(selector));
    }

    /// What went wrong on the page since this was asked last: errors of scripts, what its content security policy kept
    /// off, answers that failed.
    ///
    /// # Panics
    /// Where the browser does not say.
    pub fn noise(&self) -> Vec<String> {
        self.list("noise")
    }

    /// Method and address of everything that was asked for since this was asked last.
    ///
    /// # Panics
    /// Where the browser does not say.
    pub fn requested(&self) -> Vec<String> {
        self.list("requested")
    }

    /// What keeps people from reading or using the page, as axe finds it.
    ///
    /// # Panics
    /// Where the browser does not say.
    pub fn barriers(&self) -> Vec<String> {
        self.list("barriers")
    }

    /// A picture of the whole page, kept under the target folder for whoever wants to look; where it is.
    ///
    /// # Panics
    /// Where it cannot be taken.
    pub fn shot(&self, name: &str) -> PathBuf {
        let path = self.shots.join(format!("{name}.png"));
        let code = "await page.screenshot({path: argument, fullPage: true})";
        self.run(code, &json!(path.to_string_lossy()));
        path
    }

    fn list(&self, command: &str) -> Vec<String> {
        let found = self.ask(&json!({"command": command}));
        let items = found.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
    }

    fn ask(&self, question: &Value) -> Value {
        let mut question = question.clone();
        if let Some(fields) = question.as_object_mut() {
            fields.insert("tab".to_owned(), json!(self.number));
        }
        ask(&self.driver, &question)
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.ask(&json!({"command": "close"}));
        }
    }
}

/// One question at a time; the driver waits only so long for anything.
fn ask(driver: &Mutex<Driver>, question: &Value) -> Value {
    let answer = driver.lock().unwrap_or_else(PoisonError::into_inner).ask(question);
    let mut answer = answer.unwrap_or_else(|error| panic!("the browser ended: {error}"));
    if let Some(error) = answer.get("error") {
        panic!("{question}: {}", error.as_str().unwrap_or_default());
    }
    answer.get_mut("ok").map(Value::take).unwrap_or_default()
}

// === impl Driver ===

impl Driver {
    fn ask(&mut self, question: &Value) -> Result<Value, String> {
        let questions = self.questions.as_mut().ok_or("it was told to end")?;
        writeln!(questions, "{question}").map_err(|error| error.to_string())?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        serde_json::from_str(&line).map_err(|error| format!("it said `{line}`: {error}"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The driver ends with its input, and takes the browser along.
        self.questions = None;
        let _ = self.child.wait();
    }
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
