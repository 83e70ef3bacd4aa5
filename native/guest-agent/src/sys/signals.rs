//! Signal dispositions.

use super::abi;

pub const SIGHUP: i32 = 1;
pub const SIGINT: i32 = 2;
pub const SIGPIPE: i32 = 13;
pub const SIGTERM: i32 = 15;
pub const SIGCHLD: i32 = 17;
/// Signal numbers run from 1 to this.
pub const SIGNAL_MAX: i32 = 64;

pub fn ignore(signal: i32) {
    // SAFETY: SIG_IGN is no code to run.
    unsafe { abi::signal(signal, abi::SIG_IGN) };
}

/// Back to the default, in case the agent inherited something else.
pub fn reset(signal: i32) {
    // SAFETY: SIG_DFL is no code to run.
    unsafe { abi::signal(signal, abi::SIG_DFL) };
}

/// `struct sigaction` of the kernel, all zero: the default action, no flags, an empty mask.
const DEFAULT_ACTION: [u64; 4] = [0; 4];
/// The size of the kernel's signal set.
const SIGNAL_SET_BYTES: usize = 8;

/// Every signal at its default and none blocked, as a new program expects. Async-signal-safe.
pub fn reset_all() {
    for signal in 1..=SIGNAL_MAX {
        // Past the C library, which keeps 32 and 33 to itself and would hand on a parent's "ignore". KILL and STOP refuse,
        // which is harmless.
        // SAFETY: the kernel reads the structure and writes none.
        unsafe {
            abi::syscall(
                abi::number::RT_SIGACTION,
                signal,
                DEFAULT_ACTION.as_ptr(),
                std::ptr::null_mut::<u64>(),
                SIGNAL_SET_BYTES,
            )
        };
    }
    let none = [0u64; 16];
    // SAFETY: `none` has the 128 bytes of a sigset_t, an empty one.
    unsafe { abi::sigprocmask(abi::SIG_SETMASK, &none, std::ptr::null_mut()) };
}
