//! The wall clock.

use super::{abi, check};
use std::io;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Sets the wall clock to a Unix time.
pub fn set_wall_clock(unix_time_ns: u64) -> io::Result<()> {
    let time = abi::Timespec {
        seconds: (unix_time_ns / NS_PER_SECOND) as i64,
        nanoseconds: (unix_time_ns % NS_PER_SECOND) as i64,
    };
    // SAFETY: `time` is a valid timespec for the duration of the call.
    check(unsafe { abi::clock_settime(abi::CLOCK_REALTIME, &time) }).map(drop)
}
