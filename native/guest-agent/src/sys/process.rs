//! Processes: fork, signals and the wait of a reaper.

use super::{abi, check};
use std::io;

pub const SIGKILL: i32 = 9;
pub const ECHILD: i32 = 10;

pub fn own_pid() -> i32 {
    // SAFETY: cannot fail.
    unsafe { abi::getpid() }
}

/// Forks. `in_child` runs in the new process, where only async-signal-safe calls are allowed: other threads' locks stay
/// locked there for ever. The new process ends with code 127 should `in_child` return.
pub fn fork(in_child: impl FnOnce()) -> io::Result<i32> {
    // SAFETY: the child runs only `in_child`, and never what the caller does next.
    match check(unsafe { abi::fork() })? {
        0 => {
            in_child();
            exit_now(127)
        }
        pid => Ok(pid),
    }
}

/// Ends the process at once, without any clean-up of the parent's copies. Async-signal-safe.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: does not return.
    unsafe { abi::_exit(code) }
}

pub fn start_session() -> io::Result<()> {
    // SAFETY: no arguments.
    check(unsafe { abi::setsid() }).map(drop)
}

pub fn signal_group(group: i32, signal: i32) -> io::Result<()> {
    // SAFETY: integers only.
    check(unsafe { abi::kill(-group, signal) }).map(drop)
}

/// Blocks until some child has ended, and names it without reaping it.
pub fn wait_any_ended() -> io::Result<i32> {
    let mut info = abi::WaitInfo { signal: 0, errno: 0, code: 0, padding: 0, pid: 0, rest: [0; 108] };
    // SAFETY: the kernel fills the 128 bytes of `info`.
    check(unsafe { abi::waitid(abi::P_ALL, 0, &mut info, abi::WEXITED | abi::WNOWAIT) })?;
    Ok(info.pid)
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitStatus {
    /// The exit code, or 128 + signal.
    pub code: i32,
    /// 0: none.
    pub signal: i32,
}

impl WaitStatus {
    fn from_raw(status: i32) -> Self {
        match status & 0x7f {
            0 => WaitStatus { code: (status >> 8) & 0xff, signal: 0 },
            signal => WaitStatus { code: 128 + signal, signal },
        }
    }
}

/// Reaps a child that has ended.
pub fn reap(pid: i32) -> io::Result<WaitStatus> {
    let mut status = 0;
    // SAFETY: the kernel writes one int.
    check(unsafe { abi::waitpid(pid, &mut status, abi::WNOHANG) })?;
    Ok(WaitStatus::from_raw(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_exit_codes_and_signals() {
        assert_eq!(WaitStatus::from_raw(3 << 8), WaitStatus { code: 3, signal: 0 });
        assert_eq!(WaitStatus::from_raw(9), WaitStatus { code: 137, signal: 9 });
        // 0x80 says that a core was written
        assert_eq!(WaitStatus::from_raw(0x80 | 11), WaitStatus { code: 139, signal: 11 });
    }
}
