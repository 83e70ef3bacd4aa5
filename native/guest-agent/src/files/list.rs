//! `list`: the entries of a directory, by name.

use super::scope::{failed, unsuitable, Scope};
use crate::client::Client;
use crate::errno::ENOTDIR;
use crate::failure::{AgentError, Failure};
use crate::sys::directory::{open_directory, read_names};
use crate::wire::frame::{encode_frame, kind, CHUNK_BYTES_MAX};
use crate::wire::reply::encode_truncated;
use crate::wire::request::List;
use std::collections::BinaryHeap;
use std::ffi::{CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The names the client gets, in order.
struct Names {
    first: Vec<CString>,
    is_truncated: bool,
}

pub fn list(client: &mut Client, request: &List) -> Result<Vec<u8>, Failure> {
    let scope = Scope::enter(&request.user)?;
    let path = scope.locate(&request.path)?;
    let names = first_names(&path, request.entries_max as usize).map_err(|error| refuse(&path, &error))?;
    let mut frames = Vec::new();
    for name in &names.first {
        match scope.entry(&path.join(OsStr::from_bytes(name.as_bytes())), false) {
            Ok(entry) => frames.extend_from_slice(&encode_frame(kind::ENTRY, &entry.encode())),
            // Removed since the directory was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refuse(&path, &error).into()),
        }
        if frames.len() >= CHUNK_BYTES_MAX {
            client.send_encoded(&frames)?;
            frames.clear();
        }
    }
    client.send_encoded(&frames)?;
    Ok(encode_truncated(names.is_truncated))
}

fn refuse(path: &Path, error: &io::Error) -> AgentError {
    match error.raw_os_error() {
        Some(ENOTDIR) => unsuitable("list", path, "not a directory"),
        _ => failed("list", path, error),
    }
}

/// Keeps no more names than are wanted, however large the directory is.
fn first_names(path: &Path, count_max: usize) -> io::Result<Names> {
    let directory = open_directory(path, true)?;
    let mut smallest = BinaryHeap::new();
    let mut is_truncated = false;
    while let Some(names) = read_names(&directory)? {
        for name in names {
            smallest.push(name);
            if smallest.len() > count_max {
                smallest.pop();
                is_truncated = true;
            }
        }
    }
    Ok(Names { first: smallest.into_sorted_vec(), is_truncated })
}
