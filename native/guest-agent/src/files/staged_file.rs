//! A new file beside its target, which replaces the target in one step or vanishes.

use super::scope::failed;
use crate::failure::AgentError;
use crate::sys::descriptor::OPEN_NOFOLLOW;
use crate::sys::entropy::random_u64;
use crate::sys::file::rename;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub struct StagedFile {
    pub file: File,
    path: PathBuf,
    is_placed: bool,
}

impl StagedFile {
    /// In the directory of the target, because a rename cannot leave a file system. Only its owner can read it until it
    /// is complete.
    pub fn create(target: &Path) -> Result<Self, AgentError> {
        let refuse = |error: io::Error| failed("create", target, &error);
        let name = format!(".thaw-{:016x}.tmp", random_u64().map_err(refuse)?);
        let path = target.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OPEN_NOFOLLOW)
            .open(&path)
            .map_err(refuse)?;
        Ok(StagedFile { file, path, is_placed: false })
    }

    pub fn place(mut self, target: &Path, overwrite: bool) -> io::Result<()> {
        rename(&self.path, target, overwrite)?;
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.is_placed {
            // If it cannot be removed, then because somebody else has done so.
            let _ = fs::remove_file(&self.path);
        }
    }
}
