//! A policy as a commit of a git work tree holds it: read from the commit, so that a change of files in the making is
//! never seen half.

use std::ffi::OsStr;
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use preloop_core::limits::{DOCUMENT_BYTES_MAX, POLICY_FILES_MAX};

use super::{PolicySource, is_document, is_hidden, is_test_file};

/// What stands in the folder of git while somebody is in the middle of something.
const UNSETTLED: [&str; 7] = [
    "index.lock",
    "HEAD.lock",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "rebase-merge",
    "rebase-apply",
];

/// A folder in a git work tree.
#[derive(Clone, Debug)]
pub struct PolicyWorkTree {
    folder: PathBuf,
}

/// A file of a commit.
struct CommitFile {
    path: PathBuf,
    id: String,
    size: usize,
}

// === impl PolicyWorkTree ===

impl PolicyWorkTree {
    /// The folder, which may also be one inside of a work tree.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder as given.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The id of the commit that is checked out; none while a merge, a rebase or a commit is under way.
    ///
    /// # Errors
    /// Where the folder is no git work tree with a commit, or git cannot be started.
    pub fn commit(&self) -> io::Result<Option<String>> {
        let git_dir = self.git(&["rev-parse", "--absolute-git-dir"])?;
        let git_dir = PathBuf::from(git_dir.trim_end_matches('\n'));
        if UNSETTLED.iter().any(|name| git_dir.join(name).exists()) {
            return Ok(None);
        }
        let id = self.git(&["rev-parse", "--verify", "HEAD^{commit}"])?;
        Ok(Some(id.trim().to_owned()))
    }

    /// The policy files of a commit, in the folder and those in it: the same files as of a folder on disk.
    ///
    /// # Errors
    /// Where the commit cannot be read, holds no policy or too much, or a file is a link.
    pub fn read(&self, commit: &str) -> io::Result<PolicySource> {
        let mut files = self.files(commit)?;
        if files.is_empty() {
            let message = "the commit holds no policy in this folder: no file that ends in `.yaml`, `.yml` or `.json` and is no test";
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        if files.len() > POLICY_FILES_MAX {
            let message = format!("the commit holds more than {POLICY_FILES_MAX} policy files");
            return Err(io::Error::other(message));
        }
        let total = files.iter().fold(0_usize, |total, file| total.saturating_add(file.size));
        if total > DOCUMENT_BYTES_MAX {
            let message =
                format!("the policy files of the commit have more than {DOCUMENT_BYTES_MAX} bytes");
            return Err(io::Error::other(message));
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let texts = self.contents(&files)?;
        let named = |(file, text): (CommitFile, Vec<u8>)| (file.path.display().to_string(), text);
        Ok(PolicySource::Folder(files.into_iter().zip(texts).map(named).collect()))
    }

    /// The policy files of a commit, with paths from the folder.
    fn files(&self, commit: &str) -> io::Result<Vec<CommitFile>> {
        // Paths are told from the folder that git is run in, and only those in it.
        let listed = self.git(&["ls-tree", "-r", "-l", "-z", commit, "."])?;
        let mut files = Vec::new();
        for line in listed.split('\0').filter(|line| !line.is_empty()) {
            let Some((about, path)) = line.split_once('\t') else { return Err(unreadable(line)) };
            let path = PathBuf::from(path);
            if !is_policy(&path) {
                continue;
            }
            let mut words = about.split_whitespace();
            let (Some(mode), Some(_), Some(id), Some(size)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                return Err(unreadable(line));
            };
            if !mode.starts_with("100") {
                let message = format!("`{}` is a link or a module, not a file", path.display());
                return Err(io::Error::other(message));
            }
            let size = size.parse().map_err(|_| unreadable(line))?;
            files.push(CommitFile { path, id: id.to_owned(), size });
        }
        Ok(files)
    }

    /// The texts of files, in their order.
    fn contents(&self, files: &[CommitFile]) -> io::Result<Vec<Vec<u8>>> {
        let mut child = self
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| not_started(&error))?;
        let asked = child.stdin.take().map(|mut stdin| {
            // A thousand ids at most: they fit into the pipe, so that nobody waits for the other.
            files.iter().try_for_each(|file| writeln!(stdin, "{}", file.id))
        });
        let mut answer = Vec::new();
        let read = match child.stdout.take() {
            Some(mut stdout) => stdout.read_to_end(&mut answer).map(|_| ()),
            None => Ok(()),
        };
        let ended = child.wait()?;
        asked.transpose()?;
        read?;
        if !ended.success() {
            return Err(io::Error::other("`git cat-file` failed"));
        }
        texts(&answer, files).ok_or_else(|| {
            io::Error::other("`git cat-file` answered something else than was asked")
        })
    }

    fn git(&self, arguments: &[&str]) -> io::Result<String> {
        let output = self.command(arguments).output().map_err(|error| not_started(&error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim().lines().next().unwrap_or("git failed").to_owned();
            return Err(io::Error::other(said));
        }
        String::from_utf8(output.stdout)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a file's name is not UTF-8"))
    }

    /// Git in the folder, whatever the environment says of another one.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"GIT_") {
                command.env_remove(name);
            }
        }
        command.arg("-C").arg(&self.folder).args(arguments).stdin(Stdio::null());
        command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1");
        command
    }
}

/// Each blob is told as `<id> blob <size>`, a line break, its bytes and a line break.
fn texts(answer: &[u8], files: &[CommitFile]) -> Option<Vec<Vec<u8>>> {
    let mut rest = answer;
    let mut texts = Vec::with_capacity(files.len());
    for file in files {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (head, body) = rest.split_at_checked(end)?;
        if head != format!("{} blob {}", file.id, file.size).as_bytes() {
            return None;
        }
        let (text, behind) = body.get(1..)?.split_at_checked(file.size)?;
        texts.push(text.to_owned());
        rest = behind.strip_prefix(b"\n")?;
    }
    rest.is_empty().then_some(texts)
}

/// Whether a path in a folder is one of the policy's files.
fn is_policy(path: &Path) -> bool {
    let is_left_out = |part: &OsStr| is_hidden(Path::new(part));
    let folders = path.parent().into_iter().flat_map(Path::components);
    let in_test_data = folders.clone().any(|folder| folder.as_os_str() == "testdata");
    let is_odd = path.components().any(|part| match part {
        Component::Normal(name) => is_left_out(name),
        _ => true,
    });
    !in_test_data && !is_odd && is_document(path) && !is_test_file(path)
}

fn unreadable(line: &str) -> io::Error {
    io::Error::other(format!(
        "`git ls-tree` printed what cannot be read: `{}`",
        line.escape_debug()
    ))
}

fn not_started(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("git cannot be started: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A work tree of its own.
    struct Tree {
        folder: tempfile::TempDir,
    }

    impl Tree {
        fn new() -> Self {
            let tree = Self { folder: tempfile::tempdir().unwrap() };
            tree.git(&["init", "-q", "-b", "main"]);
            tree
        }

        fn git(&self, arguments: &[&str]) {
            let work_tree = PolicyWorkTree::new(self.folder.path().to_owned());
            let mut command =
                work_tree.command(&["-c", "user.name=t", "-c", "user.email=t@example.com"]);
            let ran = command.args(arguments).output().unwrap();
            assert!(
                ran.status.success(),
                "{arguments:?}: {}",
                String::from_utf8_lossy(&ran.stderr)
            );
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn commit(&self) {
            self.git(&["add", "-A"]);
            self.git(&["commit", "-q", "-m", "x"]);
        }

        fn work_tree(&self, inside: &str) -> PolicyWorkTree {
            PolicyWorkTree::new(self.folder.path().join(inside))
        }
    }

    #[test]
    fn a_commit_is_read_and_not_what_lies_around() {
        let tree = Tree::new();
        tree.write("policies/b.yaml", "b");
        tree.write("policies/a/z.yml", "z\n");
        tree.write("policies/a.yaml", "");
        tree.write("policies/a_test.yaml", "a test");
        tree.write("policies/.hidden/x.yaml", "hidden");
        tree.write("policies/testdata/x.yaml", "data");
        tree.write("policies/é \"x\".json", "{}");
        tree.write("policies/notes.md", "no policy");
        tree.write("other.yaml", "elsewhere");
        tree.commit();
        let work_tree = tree.work_tree("policies");
        let first = work_tree.commit().unwrap().unwrap();
        tree.write("policies/b.yaml", "not committed");
        tree.write("policies/new.yaml", "not committed");
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_owned());
        let wanted = PolicySource::Folder(vec![
            file("a/z.yml", "z\n"),
            file("a.yaml", ""),
            file("b.yaml", "b"),
            file("é \"x\".json", "{}"),
        ]);
        assert_eq!(work_tree.read(&first).unwrap(), wanted);
        // The order is that of the same folder on disk.
        tree.git(&["checkout", "-q", "."]);
        std::fs::remove_file(tree.folder.path().join("policies/new.yaml")).unwrap();
        let on_disk = PolicySource::read(&tree.folder.path().join("policies")).unwrap();
        let (PolicySource::Folder(on_disk), PolicySource::Folder(wanted)) = (on_disk, wanted)
        else {
            panic!()
        };
        let texts = |files: Vec<(String, Vec<u8>)>| {
            files.into_iter().map(|(_, text)| text).collect::<Vec<_>>()
        };
        assert_eq!(texts(on_disk), texts(wanted));

        tree.write("policies/b.yaml", "second");
        tree.commit();
        let second = work_tree.commit().unwrap().unwrap();
        assert_ne!(first, second);
        assert_ne!(work_tree.read(&first).unwrap(), work_tree.read(&second).unwrap());
    }

    #[test]
    fn a_work_tree_in_the_middle_of_something_says_so() {
        let tree = Tree::new();
        tree.write("a.yaml", "a");
        tree.commit();
        let work_tree = tree.work_tree(".");
        assert!(work_tree.commit().unwrap().is_some());
        for name in UNSETTLED {
            let file = tree.folder.path().join(".git").join(name);
            std::fs::write(&file, "").unwrap();
            assert_eq!(work_tree.commit().unwrap(), None, "{name}");
            std::fs::remove_file(&file).unwrap();
        }
    }

    #[test]
    fn what_is_no_policy_is_an_error() {
        let plain = tempfile::tempdir().unwrap();
        let work_tree = PolicyWorkTree::new(plain.path().to_owned());
        assert!(work_tree.commit().unwrap_err().to_string().contains("not a git repository"));
        let tree = Tree::new();
        assert!(tree.work_tree(".").commit().is_err(), "there is no commit yet");
        tree.write("notes.md", "x");
        tree.commit();
        let work_tree = tree.work_tree(".");
        let commit = work_tree.commit().unwrap().unwrap();
        assert_eq!(work_tree.read(&commit).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::os::unix::fs::symlink("/etc/passwd", tree.folder.path().join("a.yaml")).unwrap();
        tree.commit();
        let commit = work_tree.commit().unwrap().unwrap();
        assert!(work_tree.read(&commit).unwrap_err().to_string().contains("`a.yaml` is a link"));
        assert!(work_tree.read("HEAD~9").is_err());
    }
}
