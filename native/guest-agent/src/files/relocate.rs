//! `move`.

use super::scope::{failed, unsuitable, Scope};
use super::staged_file::StagedFile;
use crate::errno::{EINVAL, EISDIR, ENOTDIR, EXDEV};
use crate::failure::AgentError;
use crate::sys::descriptor::{OPEN_NOCTTY, OPEN_NOFOLLOW, OPEN_NONBLOCK};
use crate::sys::file::{change_mode, change_owner, rename, set_file_time};
use crate::wire::request::Move;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

pub fn relocate(request: &Move) -> Result<Vec<u8>, AgentError> {
    let scope = Scope::enter(&request.user)?;
    let from = scope.locate(&request.from)?;
    let to = scope.locate(&request.to)?;
    match rename(&from, &to, request.overwrite) {
        Err(error) if error.raw_os_error() == Some(EXDEV) => move_across(&from, &to, request.overwrite)?,
        result => result.map_err(|error| refuse(&from, &to, &error))?,
    }
    scope.result(&to)
}

fn refuse(from: &Path, to: &Path, error: &io::Error) -> AgentError {
    match error.raw_os_error() {
        // From rename these are about what the two paths are, not whether they exist.
        Some(ENOTDIR) => unsuitable("move", from, "a directory cannot replace a file, nor a file be a directory"),
        Some(EISDIR) => unsuitable("move", from, "a file cannot replace a directory"),
        Some(EINVAL) => unsuitable("move", from, "a directory cannot be moved into itself"),
        // An existing target is the only error that is always about the target.
        _ if error.kind() == io::ErrorKind::AlreadyExists => failed("move to", to, error),
        _ => failed("move", from, error),
    }
}

/// A rename cannot leave a file system: copies a regular file and removes the old one.
fn move_across(from: &Path, to: &Path, overwrite: bool) -> Result<(), AgentError> {
    let (mut source, attributes) = open_source(from)?;
    let mut staged = StagedFile::create(to)?;
    io::copy(&mut source, &mut staged.file).map_err(|error| failed("move", from, &error))?;
    keep_attributes(&staged.file, &attributes).map_err(|error| failed("move to", to, &error))?;
    staged.place(to, overwrite).map_err(|error| refuse(from, to, &error))?;
    fs::remove_file(from).map_err(|error| failed("remove", from, &error))
}

/// Asks what it is before opening, because opening a device may do something; and the descriptor after it, because
/// another file may have come to the path. The attributes are thus those of the file whose content is copied.
fn open_source(path: &Path) -> Result<(File, Metadata), AgentError> {
    let refuse = |error| failed("move", path, &error);
    require_regular(&fs::symlink_metadata(path).map_err(refuse)?, path)?;
    let flags = OPEN_NOFOLLOW | OPEN_NONBLOCK | OPEN_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(refuse)?;
    let attributes = file.metadata().map_err(refuse)?;
    require_regular(&attributes, path)?;
    Ok((file, attributes))
}

fn require_regular(metadata: &Metadata, path: &Path) -> Result<(), AgentError> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(unsuitable("move", path, "only a regular file can be moved to another file system"))
}

fn keep_attributes(file: &File, attributes: &Metadata) -> io::Result<()> {
    // Only root may give files away; a user's own stays the user's.
    let _ = change_owner(file, attributes.uid(), attributes.gid());
    change_mode(file, attributes.mode() & 0o7777)?;
    set_file_time(file, attributes.mtime(), attributes.mtime_nsec())
}
