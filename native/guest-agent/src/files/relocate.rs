//! `move`.

use super::scope::{failed, unsuitable, Scope};
use super::staged_file::StagedFile;
use crate::errno::{EINVAL, EISDIR, ENOTDIR, EXDEV};
use crate::failure::AgentError;
use crate::sys::descriptor::{OPEN_NOFOLLOW, OPEN_NONBLOCK};
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
    let refuse_from = |error| failed("move", from, &error);
    let before = fs::symlink_metadata(from).map_err(refuse_from)?;
    if !before.is_file() {
        return Err(unsuitable("move", from, "only a regular file can be moved to another file system"));
    }
    let mut source =
        OpenOptions::new().read(true).custom_flags(OPEN_NOFOLLOW | OPEN_NONBLOCK).open(from).map_err(refuse_from)?;
    let mut staged = StagedFile::create(to)?;
    io::copy(&mut source, &mut staged.file).map_err(refuse_from)?;
    keep_attributes(&staged.file, &before).map_err(|error| failed("move to", to, &error))?;
    staged.place(to, overwrite).map_err(|error| refuse(from, to, &error))?;
    fs::remove_file(from).map_err(|error| failed("remove", from, &error))
}

fn keep_attributes(file: &File, before: &Metadata) -> io::Result<()> {
    // Only root may give files away; a user's own stays the user's.
    let _ = change_owner(file, before.uid(), before.gid());
    change_mode(file, before.mode() & 0o7777)?;
    set_file_time(file, before.mtime(), before.mtime_nsec())
}
