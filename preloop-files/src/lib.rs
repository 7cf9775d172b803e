//! Where a policy is read from: one file, or every policy file of a folder in name order; and an engine made of it.

#![forbid(unsafe_code)]

mod engine;
mod git;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use preloop_core::diagnostic::Report;
use preloop_core::dialect::{Dialect, any_dialect, any_dialect_of_files};
use preloop_core::limits::{DOCUMENT_BYTES_MAX, POLICY_FILES_MAX};
use preloop_core::{PolicyFile, ValidPolicy, validate, validate_files};

pub use engine::{FileError, FromFile};
pub use git::PolicyWorkTree;

/// Deepest nesting of folders.
const FOLDERS_DEEP_MAX: usize = 16;

/// The text of a policy as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// One document.
    File(Vec<u8>),
    /// The files of a folder, each with its path, in the order in which they are merged.
    Folder(Vec<(String, Vec<u8>)>),
}

/// The way down from a folder into those in it, which may be links.
#[derive(Debug)]
pub struct Descent {
    /// The folders that the present one is in, by their real paths.
    around: Vec<PathBuf>,
    most: usize,
}

// === impl PolicySource ===

impl PolicySource {
    /// Reads a file, or the policy files of a folder and of the folders in it.
    ///
    /// Of a folder these are the files that end in `.yaml`, `.yml` or `.json`, except tests
    /// (`*_test.yaml`), what begins with a dot, and folders named `testdata`.
    ///
    /// # Errors
    /// Where something cannot be read, or a folder holds no policy or too much.
    pub fn read(path: &Path) -> io::Result<Self> {
        if !path.is_dir() {
            return read_bounded(path).map(Self::File);
        }
        let mut files = Vec::new();
        collect(path, &mut Descent::new(FOLDERS_DEEP_MAX), &mut files)?;
        if files.is_empty() {
            let message = "the folder holds no policy: no file that ends in `.yaml`, `.yml` or `.json` and is no test";
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        let read = |file: PathBuf| match read_bounded(&file) {
            Ok(text) => Ok((file.display().to_string(), text)),
            Err(error) => Err(in_folder(&file, &error)),
        };
        files.into_iter().map(read).collect::<io::Result<_>>().map(Self::Folder)
    }

    /// Reads and checks the policy, which may be in any dialect; the files of a folder are documents where they are
    /// several.
    ///
    /// # Errors
    /// Every problem of it; of a folder each names its file.
    pub fn any_dialect(&self) -> Result<(ValidPolicy, Dialect), Report> {
        match self {
            Self::File(text) => any_dialect(text),
            Self::Folder(files) => any_dialect_of_files(&named(files)),
        }
    }

    /// Reads and checks the policy, which is a document.
    ///
    /// # Errors
    /// Every problem of it; of a folder each names its file.
    pub fn parse(&self) -> Result<ValidPolicy, Report> {
        match self {
            Self::File(text) => ValidPolicy::parse(text),
            Self::Folder(files) => ValidPolicy::parse_files(&named(files)),
        }
    }

    /// Every problem of the policy; of a folder each names its file.
    pub fn validate(&self) -> Report {
        match self {
            Self::File(text) => validate(text),
            Self::Folder(files) => validate_files(&named(files)),
        }
    }
}

// === impl Descent ===

impl Descent {
    /// A way that goes at most so many folders down.
    pub const fn new(most: usize) -> Self {
        Self { around: Vec::new(), most }
    }

    /// Goes into a folder.
    ///
    /// # Errors
    /// Where a link leads back to a folder that it is in, or the way is too long.
    pub fn enter(&mut self, folder: &Path) -> io::Result<()> {
        let real = folder.canonicalize()?;
        if self.around.contains(&real) {
            let message = format!("the link leads back to `{}`, which it is in", real.display());
            return Err(io::Error::other(message));
        }
        if self.around.len() > self.most {
            return Err(io::Error::other(format!("folders are nested deeper than {}", self.most)));
        }
        self.around.push(real);
        Ok(())
    }

    /// Goes back to the folder around it.
    pub fn leave(&mut self) {
        self.around.pop();
    }
}

/// Refuses what is neither a file nor a folder: to read a pipe would be to wait for who knows whom.
///
/// # Errors
/// Where it is a pipe, a socket or a device.
pub fn refuse_pipe(path: &Path) -> io::Result<()> {
    if path.exists() && !path.is_file() {
        return Err(io::Error::other("this is neither a file nor a folder"));
    }
    Ok(())
}

/// Whether a file of a folder holds tests of policies and not a policy.
pub fn is_test_file(path: &Path) -> bool {
    is_document(path)
        && path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("_test"))
}

/// Whether a file's ending says that it may hold a document.
pub fn is_document(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Whether a file or folder counts when a folder is read.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.')
}

/// What is in a folder, in name order, without what begins with a dot.
///
/// # Errors
/// Where the folder cannot be read.
pub fn folder_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| !is_hidden(path));
    paths.sort();
    Ok(paths)
}

fn collect(folder: &Path, descent: &mut Descent, files: &mut Vec<PathBuf>) -> io::Result<()> {
    descent.enter(folder).map_err(|error| in_folder(folder, &error))?;
    for path in folder_entries(folder).map_err(|error| in_folder(folder, &error))? {
        if path.is_dir() {
            if path.file_name() != Some("testdata".as_ref()) {
                collect(&path, descent, files)?;
            }
        } else if is_document(&path) && !is_test_file(&path) {
            refuse_pipe(&path).map_err(|error| in_folder(&path, &error))?;
            files.push(path);
        }
        if files.len() > POLICY_FILES_MAX {
            let message = format!("it holds more than {POLICY_FILES_MAX} files of a policy");
            return Err(io::Error::other(message));
        }
    }
    descent.leave();
    Ok(())
}

/// At most one byte more than a document may have, which is enough to refuse it.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(DOCUMENT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}

fn in_folder(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

fn named(files: &[(String, Vec<u8>)]) -> Vec<PolicyFile<'_>> {
    files.iter().map(|(name, text)| PolicyFile { name, text }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_policy_files_in_name_order() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        };
        for name in [
            "b.yaml",
            "a.yml",
            "c.json",
            "b_test.yaml",
            "a_test.json",
            ".hidden.yaml",
            "notes.md",
            "calls.jsonl",
            "aa/z.yaml",
            "testdata/x.yaml",
            ".git/y.yaml",
            "test.yaml",
        ] {
            write(name);
        }
        let Ok(PolicySource::Folder(files)) = PolicySource::read(folder.path()) else { panic!() };
        let names: Vec<String> =
            files.iter().map(|(_, text)| String::from_utf8(text.clone()).unwrap()).collect();
        assert_eq!(names, ["a.yml", "aa/z.yaml", "b.yaml", "c.json", "test.yaml"]);
        assert!(files.iter().all(|(name, _)| Path::new(name).starts_with(folder.path())));
    }

    #[test]
    fn a_folder_without_a_policy_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("only_test.yaml"), "").unwrap();
        let error = PolicySource::read(folder.path()).unwrap_err();
        assert!(error.to_string().starts_with("the folder holds no policy"), "{error}");
        let error = PolicySource::read(&folder.path().join("none")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_back_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let within = folder.path().join("within");
        fs::create_dir(&within).unwrap();
        std::os::unix::fs::symlink(folder.path(), within.join("again")).unwrap();
        let error = PolicySource::read(folder.path()).unwrap_err();
        let real = folder.path().canonicalize().unwrap();
        let expected = format!(
            "`{}`: the link leads back to `{}`, which it is in",
            within.join("again").display(),
            real.display()
        );
        assert_eq!(error.to_string(), expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_met_twice_is_no_loop() {
        let folder = tempfile::tempdir().unwrap();
        let shared = folder.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::write(shared.join("a.yaml"), "a").unwrap();
        std::os::unix::fs::symlink(&shared, folder.path().join("twice")).unwrap();
        let Ok(PolicySource::Folder(files)) = PolicySource::read(folder.path()) else { panic!() };
        assert_eq!(files.len(), 2);
    }

    #[test]
    fn folders_end_somewhere() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/".repeat(FOLDERS_DEEP_MAX + 1))).unwrap();
        let error = PolicySource::read(folder.path()).unwrap_err();
        assert!(error.to_string().ends_with("folders are nested deeper than 16"), "{error}");
    }
}
