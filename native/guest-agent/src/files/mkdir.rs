//! `mkdir`.

use super::parents::make_directories;
use super::scope::{failed, Scope};
use crate::errno::EEXIST;
use crate::failure::AgentError;
use crate::wire::request::Mkdir;
use std::fs::{create_dir, set_permissions, Permissions};
use std::os::unix::fs::PermissionsExt;

pub fn mkdir(request: &Mkdir) -> Result<Vec<u8>, AgentError> {
    let scope = Scope::enter(&request.user)?;
    let path = scope.locate(&request.path)?;
    if let (true, Some(parent)) = (request.parents, path.parent()) {
        make_directories(parent)?;
    }
    match create_dir(&path) {
        Ok(()) => {
            if let Some(mode) = request.mode {
                // Afterwards, because the mode mask would take bits away.
                set_permissions(&path, Permissions::from_mode(mode)).map_err(|error| failed("chmod", &path, &error))?;
            }
            scope.result(&path)
        }
        Err(error) if request.parents && error.raw_os_error() == Some(EEXIST) && path.is_dir() => {
            // The path may be a symlink to the directory; the answer is about the directory.
            let entry = scope.entry(&path, true).map_err(|error| failed("stat", &path, &error))?;
            Ok(entry.encode())
        }
        Err(error) => Err(failed("create directory", &path, &error)),
    }
}
