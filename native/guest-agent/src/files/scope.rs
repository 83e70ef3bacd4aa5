//! What every file operation starts with: whose rights, which names, which errors.

use super::describe::describe;
use super::location::{bytes_of, locate};
use super::rights::UserRights;
use crate::accounts::{Accounts, User};
use crate::failure::{quote, AgentError};
use crate::wire::entry::Entry;
use std::io;
use std::path::{Path, PathBuf};

/// An operation in the user's name. The thread has the user's rights as long as this lives.
pub struct Scope {
    user: User,
    accounts: Accounts,
    _rights: UserRights,
}

impl Scope {
    pub fn enter(user: &[u8]) -> Result<Self, AgentError> {
        let accounts = Accounts::load();
        let user = accounts.user(user)?;
        let rights = UserRights::assume(&user)?;
        Ok(Scope { user, accounts, _rights: rights })
    }

    pub fn locate(&self, path: &[u8]) -> Result<PathBuf, AgentError> {
        locate(path, &self.user)
    }

    pub fn entry(&self, path: &Path, follow_symlink: bool) -> io::Result<Entry> {
        describe(path, follow_symlink, &self.accounts)
    }

    /// The entry at a path that an operation has just made.
    pub fn result(&self, path: &Path) -> Result<Vec<u8>, AgentError> {
        let entry = self.entry(path, false).map_err(|error| failed("stat", path, &error))?;
        Ok(entry.encode())
    }
}

/// `cannot <verb> "<path>": <what the kernel said>`.
pub fn failed(verb: &str, path: &Path, error: &io::Error) -> AgentError {
    AgentError::from_kernel(&format!("{verb} {}", quote(bytes_of(path))), error)
}

/// `cannot <verb> "<path>": <reason>`, for things the path is not.
pub fn unsuitable(verb: &str, path: &Path, reason: &str) -> AgentError {
    AgentError::invalid(format!("cannot {verb} {}: {reason}", quote(bytes_of(path))))
}
