//! `/dev/fd` and its like, which devtmpfs leaves to user space and shells depend on (`<(…)` in bash).

use super::report;
use std::io;
use std::os::unix::fs::symlink;

pub fn link_standard_descriptors() {
    for (target, link) in [
        ("/proc/self/fd", "/dev/fd"),
        ("/proc/self/fd/0", "/dev/stdin"),
        ("/proc/self/fd/1", "/dev/stdout"),
        ("/proc/self/fd/2", "/dev/stderr"),
    ] {
        match symlink(target, link) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => report(&format!("link {link}"), result),
        }
    }
}
