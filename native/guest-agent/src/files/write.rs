//! `write file`: a reader of the target sees the old or the new content and never a part.

use super::parents::make_directories;
use super::scope::{failed, unsuitable, Scope};
use super::staged_file::StagedFile;
use crate::client::Client;
use crate::errno::{ELOOP, ENOENT, ENOTDIR};
use crate::failure::{AgentError, Failure};
use crate::sys::file::change_mode;
use crate::wire::frame::{kind, CHUNK_BYTES_MAX};
use crate::wire::request::WriteFile;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const MODE: u32 = 0o644;
/// As the kernel's own bound.
const SYMLINKS_MAX: usize = 40;

/// Where the content goes.
struct Target {
    path: PathBuf,
    /// Of the file that is there.
    mode: Option<u32>,
}

pub fn write_file(client: &mut Client, request: &WriteFile) -> Result<Vec<u8>, Failure> {
    let scope = Scope::enter(&request.user)?;
    let path = scope.locate(&request.path)?;
    let target = resolve(&path)?;
    if let Some(parent) = target.path.parent() {
        make_directories(parent)?;
    }
    // Declared after the scope, so that it is removed with the user's rights.
    let mut staged = StagedFile::create(&target.path)?;
    receive_content(client, &mut staged, &path)?;
    let mode = request.mode.or(target.mode).unwrap_or(MODE);
    change_mode(&staged.file, mode).map_err(|error| failed("chmod", &path, &error))?;
    staged.place(&target.path, true).map_err(|error| failed("write", &path, &error))?;
    let entry = scope.entry(&path, true).map_err(|error| failed("stat", &path, &error))?;
    Ok(entry.encode())
}

fn receive_content(client: &mut Client, staged: &mut StagedFile, path: &Path) -> Result<(), Failure> {
    loop {
        let frame = client.receive(CHUNK_BYTES_MAX, None)?;
        match frame.kind {
            kind::DATA => staged.file.write_all(&frame.payload).map_err(|error| failed("write", path, &error))?,
            kind::END if frame.payload.is_empty() => return Ok(()),
            other => {
                let message = format!("a frame of type {other:#04x} is not expected here");
                return Err(AgentError::invalid(message).into());
            }
        }
    }
}

/// Follows symlinks at the target itself (the kernel follows those above it), because a rename would replace the link.
fn resolve(path: &Path) -> Result<Target, AgentError> {
    let mut current = path.to_path_buf();
    for _ in 0..SYMLINKS_MAX {
        let metadata = match fs::symlink_metadata(&current) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.raw_os_error(), Some(ENOENT | ENOTDIR)) => {
                return Ok(Target { path: current, mode: None })
            }
            Err(error) => return Err(failed("write", path, &error)),
        };
        if metadata.is_dir() {
            return Err(unsuitable("write", path, "it is a directory"));
        }
        if metadata.is_file() {
            let mode = Some(metadata.mode() & 0o7777);
            return Ok(Target { path: current, mode });
        }
        if !metadata.file_type().is_symlink() {
            // A rename would put a file in the place of a device or a FIFO.
            return Err(unsuitable("write", path, "not a regular file"));
        }
        let link = fs::read_link(&current).map_err(|error| failed("write", path, &error))?;
        current = current.parent().unwrap_or(Path::new("/")).join(link);
    }
    Err(failed("write", path, &io::Error::from_raw_os_error(ELOOP)))
}
