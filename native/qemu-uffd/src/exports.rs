//! The symbols that take the place of the C library's.

use super::failure::Failure;
use super::handover;
use super::mapping::Mapping;
use std::os::raw::{c_int, c_void};
use std::panic::catch_unwind;

/// `mmap` of the program.
///
/// # Safety
/// As mmap(2).
#[no_mangle]
pub unsafe extern "C" fn mmap(
    address: *mut c_void,
    length: usize,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    offset: i64,
) -> *mut c_void {
    map(&Mapping { address, length, protection, flags, fd, offset })
}

/// The name of the same in a program that is built for large files; on 64-bit machines the two do not differ.
///
/// # Safety
/// As mmap(2).
#[no_mangle]
pub unsafe extern "C" fn mmap64(
    address: *mut c_void,
    length: usize,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    offset: i64,
) -> *mut c_void {
    map(&Mapping { address, length, protection, flags, fd, offset })
}

fn map(mapping: &Mapping) -> *mut c_void {
    // A panic must not unwind into C; what it says is printed by then.
    match catch_unwind(|| handover::map(mapping)) {
        Ok(Ok(address)) => address,
        Ok(Err(failure)) => failure.exit(),
        Err(_) => Failure::new("handing the memory over", "the library panicked").exit(),
    }
}
