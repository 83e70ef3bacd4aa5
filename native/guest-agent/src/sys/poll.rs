//! Waiting for several descriptors at once.

use super::{abi, check};
use std::io;
use std::time::Duration;

/// One descriptor to wait for. The kernel skips a slot whose descriptor is −1.
pub type Slot = abi::PollFd;

pub const IN: i16 = 1;
pub const OUT: i16 = 4;

pub fn slot(fd: i32, events: i16) -> Slot {
    // A slot without interest is skipped: the kernel would report a hang-up all the same, again and again.
    Slot { fd: if events == 0 { -1 } else { fd }, events, revents: 0 }
}

/// Waits until a slot is ready or the time is over (none: for ever).
pub fn wait(slots: &mut [Slot], timeout: Option<Duration>) -> io::Result<()> {
    let timeout_ms = match timeout {
        // Rounded up, so that a deadline has passed when its wait is over.
        Some(time) => (time.as_millis() + 1).min(i32::MAX as u128) as i32,
        None => -1,
    };
    // SAFETY: the kernel writes `revents` of the slots given.
    match check(unsafe { abi::poll(slots.as_mut_ptr(), slots.len() as u64, timeout_ms) }) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        result => result.map(drop),
    }
}
