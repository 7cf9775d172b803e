//! The package as it is published: the wheel of the release profile, built from the source distribution alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::{Workbench, at, name_of, run_to_end};

impl Workbench {
    /// Builds the source distribution, has pip build the wheel from it as a user's would, installs that in a fresh
    /// environment and tests it; what came of it, with sizes and times.
    pub(super) fn release(&self) -> Result<String, String> {
        self.install_tools()?;
        let folder = self.folder.join("release");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| at(&folder, &error))?;
        }
        let mut maturin = Command::new(self.tool("maturin"));
        maturin.args(["sdist", "--out"]).arg(&folder).current_dir(self.root.join("preloop-py"));
        run_to_end(&mut maturin, "maturin comes from preloop-py/tests/requirements.txt")?;
        let source = only(&folder, "gz")?;
        let begun = Instant::now();
        let mut pip = Command::new(self.tool("python"));
        pip.args(["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"])
            .arg("--wheel-dir")
            .arg(&folder)
            .arg(&source)
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", &self.target);
        run_to_end(&mut pip, "the source distribution has to build by itself")?;
        let built = begun.elapsed().as_secs();
        let wheel = only(&folder, "whl")?;
        let begun = Instant::now();
        self.as_a_user(&wheel)?;
        let installed = begun.elapsed().as_secs();
        self.install(&wheel)?;
        let told = self.test()?;
        let (source_size, wheel_size) = (size(&source)?, size(&wheel)?);
        Ok(format!(
            "{}: {} bytes; {}: {} bytes, built from it in {built} s, a fresh environment ran the pages' programs within \
             {installed} s; {told}",
            name_of(&source),
            source_size,
            name_of(&wheel),
            wheel_size
        ))
    }
}

/// The one file of this kind in a folder.
fn only(folder: &Path, extension: &str) -> Result<PathBuf, String> {
    let mut found = fs::read_dir(folder).map_err(|error| at(folder, &error))?;
    let found = found.find_map(|entry| {
        let path = entry.ok()?.path();
        path.extension().is_some_and(|kind| kind == extension).then_some(path)
    });
    found.ok_or_else(|| format!("no file `*.{extension}` was left in `{}`", folder.display()))
}

fn size(path: &Path) -> Result<u64, String> {
    fs::metadata(path).map(|metadata| metadata.len()).map_err(|error| at(path, &error))
}
