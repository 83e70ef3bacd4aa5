//! The wall clock and file times.

use super::{abi, check};
use std::fs::File;
use std::io;
use std::os::unix::io::AsRawFd;

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

/// Sets access and modification time of an open file to the same moment.
pub fn set_file_time(file: &File, seconds: i64, nanoseconds: i64) -> io::Result<()> {
    let times = [abi::Timespec { seconds, nanoseconds }, abi::Timespec { seconds, nanoseconds }];
    // SAFETY: `times` holds the two timespecs that futimens reads.
    check(unsafe { abi::futimens(file.as_raw_fd(), times.as_ptr()) }).map(drop)
}
