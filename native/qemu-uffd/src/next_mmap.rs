//! The `mmap` that a program would have without this library.

use super::abi;
use super::failure::Failure;
use super::mapping::Mapping;
use std::os::raw::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

type Mmap = unsafe extern "C" fn(*mut c_void, usize, c_int, c_int, c_int, i64) -> *mut c_void;

/// Its address; 0 before the first call.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Maps as asked. A failure of the kernel's is an address too, MAP_FAILED, and errno is left as it is.
pub fn next_mmap(mapping: &Mapping) -> Result<*mut c_void, Failure> {
    let next = find()?;
    // SAFETY: the caller's own request, unchanged.
    Ok(unsafe { next(mapping.address, mapping.length, mapping.protection, mapping.flags, mapping.fd, mapping.offset) })
}

fn find() -> Result<Mmap, Failure> {
    let mut address = NEXT.load(Ordering::Relaxed);
    if address == 0 {
        // SAFETY: the name is NUL-terminated.
        address = unsafe { abi::dlsym(abi::RTLD_NEXT, b"mmap\0".as_ptr() as *const _) } as usize;
        if address == 0 {
            return Err(Failure::new("finding the C library's mmap", "dlsym has none"));
        }
        NEXT.store(address, Ordering::Relaxed);
    }
    // SAFETY: that symbol is a function of this type.
    Ok(unsafe { std::mem::transmute::<usize, Mmap>(address) })
}
