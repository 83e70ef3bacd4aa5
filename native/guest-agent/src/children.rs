//! The processes the agent started, and the reaping of all others.
//!
//! One thread reaps. It sees an ended process with WNOWAIT first, and only then takes the table's lock, looks the pid up and
//! reaps it under that lock; a new child is forked and entered under the same lock. So no child can end unnoticed between
//! its fork and its entry, and no pid can be given to another process while the table still means the old one.

use crate::agent::lock;
use crate::sys::descriptor::{open_event, raise_event};
use crate::sys::process::{reap, wait_any_ended, WaitStatus, ECHILD};
use std::collections::HashMap;
use std::io;
use std::os::unix::io::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// How and when a process ended.
#[derive(Clone, Copy)]
pub struct Ended {
    pub status: WaitStatus,
    pub at: Instant,
}

/// One started process.
pub struct Child {
    /// Readable once the process has ended.
    pub event: OwnedFd,
    ended: Mutex<Option<Ended>>,
}

impl Child {
    pub fn ended(&self) -> Option<Ended> {
        *lock(&self.ended)
    }
}

#[derive(Default)]
pub struct Children {
    running: Mutex<HashMap<i32, Arc<Child>>>,
    started: Condvar,
}

impl Children {
    /// Runs `fork` and enters the new process.
    pub fn start(&self, fork: impl FnOnce() -> io::Result<i32>) -> io::Result<(i32, Arc<Child>)> {
        let child = Arc::new(Child { event: open_event()?, ended: Mutex::new(None) });
        let mut running = lock(&self.running);
        let pid = fork()?;
        running.insert(pid, child.clone());
        self.started.notify_all();
        Ok((pid, child))
    }

    pub fn reap_for_ever(&self) -> ! {
        loop {
            match wait_any_ended() {
                Ok(pid) => self.reap(pid),
                Err(error) if error.raw_os_error() == Some(ECHILD) => self.wait_for_start(),
                // EINTR
                Err(_) => {}
            }
        }
    }

    /// Without children there are no descendants either that could become orphans of PID 1.
    fn wait_for_start(&self) {
        let mut running = lock(&self.running);
        while running.is_empty() {
            running = self.started.wait(running).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn reap(&self, pid: i32) {
        let mut running = lock(&self.running);
        if let Ok(status) = reap(pid) {
            if let Some(child) = running.remove(&pid) {
                *lock(&child.ended) = Some(Ended { status, at: Instant::now() });
                raise_event(&child.event);
            }
        }
    }
}
