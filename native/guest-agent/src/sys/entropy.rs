//! The kernel's random pool.

use super::{abi, check, check_size};
use std::fs::OpenOptions;
use std::io;
use std::os::raw::c_void;
use std::os::unix::io::AsRawFd;

/// Mixes the bytes into the pool, credits each with 8 bits, and reseeds the generator, so that two sandboxes resumed from one
/// snapshot part ways at once.
pub fn add_entropy(bytes: &[u8]) -> io::Result<()> {
    let device = OpenOptions::new().write(true).open("/dev/urandom")?;
    // `struct rand_pool_info`: i32 entropy in bits, i32 size in bytes, then the bytes.
    let mut pool = Vec::with_capacity(8 + bytes.len());
    pool.extend_from_slice(&(bytes.len() as i32 * 8).to_ne_bytes());
    pool.extend_from_slice(&(bytes.len() as i32).to_ne_bytes());
    pool.extend_from_slice(bytes);
    // SAFETY: the kernel reads the header and as many bytes as it says follow.
    check(unsafe { abi::ioctl(device.as_raw_fd(), abi::RNDADDENTROPY, pool.as_ptr()) })?;
    // SAFETY: takes no argument.
    check(unsafe { abi::ioctl(device.as_raw_fd(), abi::RNDRESEEDCRNG, 0usize) }).map(drop)
}

/// Random bits for names that must not be guessed or collide.
pub fn random_u64() -> io::Result<u64> {
    let mut bytes = [0u8; 8];
    // SAFETY: the kernel writes at most 8 bytes.
    let size = check_size(unsafe { abi::getrandom(bytes.as_mut_ptr() as *mut c_void, bytes.len(), 0) })?;
    // Requests of up to 256 bytes are never cut short (getrandom(2)).
    debug_assert_eq!(size, bytes.len());
    Ok(u64::from_ne_bytes(bytes))
}
