//! `read file`.

use super::scope::{failed, unsuitable, Scope};
use crate::client::Client;
use crate::failure::{AgentError, Failure};
use crate::sys::descriptor::{OPEN_NOCTTY, OPEN_NONBLOCK};
use crate::wire::frame::{kind, CHUNK_BYTES_MAX};
use crate::wire::request::ReadFile;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub fn read_file(client: &mut Client, request: &ReadFile) -> Result<Vec<u8>, Failure> {
    let scope = Scope::enter(&request.user)?;
    let path = scope.locate(&request.path)?;
    let mut file = open_regular(&path)?;
    let entry = scope.entry(&path, true).map_err(|error| failed("stat", &path, &error))?;
    let is_within = seek(&mut file, request.offset_bytes).map_err(|error| failed("seek in", &path, &error))?;
    client.send(kind::ENTRY, &entry.encode())?;
    // Not the size: files of /proc say 0, and others grow.
    let mut left = if is_within { request.length_bytes.unwrap_or(u64::MAX) } else { 0 };
    let mut chunk = vec![0; CHUNK_BYTES_MAX];
    while left > 0 {
        let wanted = left.min(CHUNK_BYTES_MAX as u64) as usize;
        match file.read(&mut chunk[..wanted]) {
            Ok(0) => break,
            Ok(count) => {
                client.send(kind::DATA, &chunk[..count])?;
                left -= count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed("read", &path, &error).into()),
        }
    }
    Ok(Vec::new())
}

/// Asks what it is before opening, because opening a device may do something; and again after, because the path may
/// have changed. Non-blocking, so that a FIFO put there in between does not stall the thread.
fn open_regular(path: &Path) -> Result<File, AgentError> {
    let refuse = |error| failed("open", path, &error);
    require_regular(&fs::metadata(path).map_err(refuse)?, path)?;
    let file = OpenOptions::new().read(true).custom_flags(OPEN_NONBLOCK | OPEN_NOCTTY).open(path).map_err(refuse)?;
    require_regular(&file.metadata().map_err(refuse)?, path)?;
    Ok(file)
}

fn require_regular(metadata: &fs::Metadata, path: &Path) -> Result<(), AgentError> {
    if metadata.is_file() {
        return Ok(());
    }
    let reason = if metadata.is_dir() { "it is a directory" } else { "not a regular file" };
    Err(unsuitable("read", path, reason))
}

/// False when no file reaches so far.
fn seek(file: &mut File, offset_bytes: u64) -> io::Result<bool> {
    if offset_bytes > i64::MAX as u64 {
        return Ok(false);
    }
    if offset_bytes > 0 {
        match file.seek(SeekFrom::Start(offset_bytes)) {
            // Beyond the file system's largest file.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(false),
            result => result?,
        };
    }
    Ok(true)
}
