//! Stands in for QEMU: makes the mappings its arguments ask for, in their order, and prints the first byte of each page.
//!
//! An argument is `<kind>:<path>:<offset>:<length>`, or `unlink:<path>:0:0`; kinds are below. The files stay open.

use std::fs::OpenOptions;
use std::os::raw::{c_int, c_void};
use std::os::unix::io::IntoRawFd;

extern "C" {
    fn mmap(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        fd: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn mmap64(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        fd: c_int,
        offset: i64,
    ) -> *mut c_void;
}

const READ_WRITE: c_int = 3;
const PAGE_BYTES: usize = 4096;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let fields: Vec<Vec<&str>> = arguments.iter().map(|argument| argument.split(':').collect()).collect();
    // Opened first, so that a file may lose its name before it is mapped.
    let descriptors: Vec<c_int> = fields.iter().map(|fields| open(fields[0], fields[1])).collect();
    for (fields, fd) in fields.iter().zip(descriptors) {
        if fields[0] == "unlink" {
            std::fs::remove_file(fields[1]).unwrap();
            continue;
        }
        let (offset, length) = (fields[2].parse().unwrap(), fields[3].parse().unwrap());
        match map(fields[0], fd, offset, length) {
            Some(address) => println!("{:?}", first_bytes(address, length)),
            None => println!("{}", std::io::Error::last_os_error()),
        }
    }
}

fn open(kind: &str, path: &str) -> c_int {
    match kind {
        "anonymous" | "unlink" => -1,
        "closed" => 1000,
        _ => OpenOptions::new().read(true).write(true).open(path).unwrap().into_raw_fd(),
    }
}

fn map(kind: &str, fd: c_int, offset: i64, length: usize) -> Option<*const u8> {
    let flags = match kind {
        "shared" | "shared64" | "closed" => 0x01,
        "private" => 0x02,
        "anonymous" => 0x22,
        "populated" => 0x01 | 0x8000,
        other => panic!("kind {other} is unknown"),
    };
    let function = if kind == "shared64" { mmap64 } else { mmap };
    let address = unsafe { function(std::ptr::null_mut(), length, READ_WRITE, flags, fd, offset) };
    if address as usize == usize::MAX {
        None
    } else {
        Some(address as *const u8)
    }
}

fn first_bytes(address: *const u8, length: usize) -> Vec<u8> {
    (0..length).step_by(PAGE_BYTES).map(|offset| unsafe { address.add(offset).read_volatile() }).collect()
}
