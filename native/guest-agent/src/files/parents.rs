//! Missing parent directories.

use super::scope::{failed, unsuitable};
use crate::errno::{EEXIST, ENOENT, ENOTDIR};
use crate::failure::AgentError;
use std::fs::{create_dir, metadata};
use std::io;
use std::path::Path;

/// Makes the directory and those above it that are missing, owned by the user, with the default mode.
pub fn make_directories(path: &Path) -> Result<(), AgentError> {
    let mut missing = Vec::new();
    for directory in path.ancestors() {
        match metadata(directory) {
            Ok(found) if found.is_dir() => break,
            Ok(_) => return Err(unsuitable("use as a directory", directory, "not a directory")),
            Err(error) if matches!(error.raw_os_error(), Some(ENOENT | ENOTDIR)) => missing.push(directory),
            Err(error) => return Err(failed("create directory", directory, &error)),
        }
    }
    missing.into_iter().rev().try_for_each(make_one)
}

fn make_one(directory: &Path) -> Result<(), AgentError> {
    match create_dir(directory) {
        Ok(()) => Ok(()),
        // Somebody else was faster.
        Err(error) if has_number(&error, EEXIST) && directory.is_dir() => Ok(()),
        Err(error) => Err(failed("create directory", directory, &error)),
    }
}

fn has_number(error: &io::Error, number: i32) -> bool {
    error.raw_os_error() == Some(number)
}
