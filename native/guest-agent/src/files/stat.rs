//! `stat`.

use super::scope::{failed, Scope};
use crate::failure::AgentError;
use crate::wire::request::Stat;

pub fn stat(request: &Stat) -> Result<Vec<u8>, AgentError> {
    let scope = Scope::enter(&request.user)?;
    let path = scope.locate(&request.path)?;
    let entry = scope.entry(&path, request.follow_symlink);
    Ok(entry.map_err(|error| failed("stat", &path, &error))?.encode())
}
