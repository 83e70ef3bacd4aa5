//! What all connections share.

use crate::children::Children;
use crate::operations::Operations;
use crate::sys::limits::FileLimit;
use crate::wire::preamble::AccessToken;
use crate::wire::request::Pair;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What the agent is to the machine it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// PID 1 of a sandbox: the machine is the agent's to set up.
    Init,
    /// An ordinary process, for tests: it never touches the machine's mounts, network, host name, clock, random pool or `/etc`.
    Process,
}

/// What `configure` left behind. No `Debug`: neither token nor environment may be printed.
pub struct Settings {
    pub token: AccessToken,
    pub environment: Arc<Vec<Pair>>,
}

/// How many files a new process may have open: what systemd gives, and programs expect.
const CHILD_FILES_SOFT: u64 = 1024;
const CHILD_FILES_HARD: u64 = 524_288;

pub struct Agent {
    pub role: Role,
    pub children: Children,
    pub operations: Operations,
    /// The limit that every process it starts gets.
    pub child_file_limit: Option<FileLimit>,
    started: Instant,
    settings: Mutex<Option<Settings>>,
}

impl Agent {
    pub fn new(role: Role) -> Self {
        Agent {
            role,
            children: Children::default(),
            operations: Operations::default(),
            child_file_limit: raise_own_file_limit(role),
            started: Instant::now(),
            settings: Mutex::new(None),
        }
    }

    pub fn uptime_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// None until the first `configure`. Whoever holds the guard keeps another `configure` out.
    pub fn settings(&self) -> MutexGuard<'_, Option<Settings>> {
        lock(&self.settings)
    }

    pub fn configured_environment(&self) -> Arc<Vec<Pair>> {
        self.settings().as_ref().map_or_else(Default::default, |settings| settings.environment.clone())
    }
}

/// Locks regardless of poison: a panic ends its connection, and nothing here is left half-changed by one.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Each exec takes up to five descriptors of the agent, so 1024 would not do. Returns the limit for the children.
fn raise_own_file_limit(role: Role) -> Option<FileLimit> {
    let inherited = FileLimit::current().ok()?;
    let roomy = FileLimit::new(CHILD_FILES_HARD, CHILD_FILES_HARD);
    if role == Role::Init && roomy.apply().is_ok() {
        return Some(FileLimit::new(CHILD_FILES_SOFT, CHILD_FILES_HARD));
    }
    inherited.raised().apply().ok()?;
    Some(inherited)
}
