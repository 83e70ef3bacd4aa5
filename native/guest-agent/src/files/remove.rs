//! `remove`. A tree is removed without recursion and with one or two descriptors, however deep it is: a stack overflow would
//! end PID 1. No symlink is followed, also not one that somebody puts there meanwhile.

use super::location::bytes_of;
use super::scope::{failed, unsuitable, Scope};
use crate::errno::{EISDIR, ENOENT, EPERM};
use crate::failure::AgentError;
use crate::sys::directory::{open_child, open_directory, read_names, remove_child, remove_path};
use crate::wire::request::Remove;
use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::io::OwnedFd;
use std::path::Path;

pub fn remove(request: &Remove) -> Result<Vec<u8>, AgentError> {
    let scope = Scope::enter(&request.user)?;
    let path = scope.locate(&request.path)?;
    let refuse = |error| failed("remove", &path, &error);
    if bytes_of(&path) == b"/" {
        return Err(unsuitable("remove", &path, "it is the root directory"));
    }
    if !fs::symlink_metadata(&path).map_err(refuse)?.is_dir() {
        remove_path(&path, false).map_err(refuse)?;
    } else if request.recursive {
        remove_tree(&path).map_err(refuse)?;
    } else {
        return Err(unsuitable("remove", &path, "it is a directory"));
    }
    Ok(Vec::new())
}

/// A directory on the way down: its name in its parent, and the parent's identity for the way back.
struct Level {
    name: CString,
    parent: (u64, u64),
}

fn remove_tree(root: &Path) -> io::Result<()> {
    let mut levels: Vec<Level> = Vec::new();
    let mut directory = open_directory(root, false)?;
    loop {
        if let Some(name) = remove_entries(&directory)? {
            let child = open_child(&directory, &name)?;
            let (parent, above) = identity(directory)?;
            drop(above);
            levels.push(Level { name, parent });
            directory = child;
        } else if let Some(level) = levels.pop() {
            let (found, above) =
                identity(open_child(&directory, CStr::from_bytes_with_nul(b"..\0").unwrap_or_default())?)?;
            // Somebody moved the directory we are in; its new parent is none of our business.
            if found != level.parent {
                return Err(io::Error::from_raw_os_error(ENOENT));
            }
            directory = above;
            ignore_missing(remove_child(&directory, &level.name, true))?;
        } else {
            drop(directory);
            return remove_path(root, true);
        }
    }
}

fn identity(directory: OwnedFd) -> io::Result<((u64, u64), OwnedFd)> {
    let file = File::from(directory);
    let metadata = file.metadata()?;
    Ok(((metadata.dev(), metadata.ino()), file.into()))
}

/// Removes all but directories, and names the first directory it meets; none when nothing is left.
fn remove_entries(directory: &OwnedFd) -> io::Result<Option<CString>> {
    while let Some(names) = read_names(directory)? {
        for name in names {
            match remove_child(directory, &name, false) {
                // POSIX says EPERM for a directory, Linux EISDIR. Opening it tells one from a real EPERM.
                Err(error) if matches!(error.raw_os_error(), Some(EISDIR | EPERM)) => {
                    return match open_child(directory, &name) {
                        Ok(_) => Ok(Some(name)),
                        Err(_) => Err(error),
                    };
                }
                result => ignore_missing(result)?,
            }
        }
    }
    Ok(None)
}

/// Somebody else removed it, which is what was asked.
fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(ENOENT) => Ok(()),
        result => result,
    }
}
