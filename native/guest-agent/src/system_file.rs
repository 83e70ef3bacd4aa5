//! Files of `/etc` as the agent reads them: with root's rights, in a place where the guest may have put anything.

use crate::sys::descriptor::{OPEN_NOCTTY, OPEN_NONBLOCK};
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Reads at most so many bytes of a regular file; anything else is an error. It never waits for another process: what it
/// is is asked before opening, because opening a device may do something, and again after, because the path may
/// have changed.
pub fn read_start(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    require_regular(&fs::metadata(path)?)?;
    let file = OpenOptions::new().read(true).custom_flags(OPEN_NONBLOCK | OPEN_NOCTTY).open(path)?;
    require_regular(&file.metadata()?)?;
    let mut content = Vec::new();
    file.take(bytes_max).read_to_end(&mut content)?;
    Ok(content)
}

fn require_regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
}
