//! Whose rights a thread has. Raw system calls, because glibc's wrappers change every thread of the process.

use super::{abi, check};
use std::io;
use std::os::raw::{c_long, c_uint};

/// A user's identity as the kernel sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

/// "Leave as it is" in setresuid and setresgid.
const UNCHANGED: c_uint = c_uint::MAX;

pub fn effective_uid() -> u32 {
    // SAFETY: cannot fail.
    unsafe { abi::geteuid() }
}

pub fn current() -> io::Result<Identity> {
    // SAFETY: with a count of 0 nothing is written.
    let count = check(unsafe { abi::getgroups(0, std::ptr::null_mut()) })?;
    let mut groups = vec![0u32; count as usize];
    // SAFETY: `groups` has room for as many ids as the count says; only this thread changes its own groups.
    let count = check(unsafe { abi::getgroups(count, groups.as_mut_ptr()) })?;
    groups.truncate(count as usize);
    // SAFETY: cannot fail.
    let (uid, gid) = unsafe { (abi::geteuid(), abi::getegid()) };
    Ok(Identity { uid, gid, groups })
}

fn set_groups(groups: &[u32]) -> io::Result<()> {
    // SAFETY: the kernel reads `groups.len()` ids.
    check_long(unsafe { abi::syscall(abi::number::SETGROUPS, groups.len(), groups.as_ptr()) })
}

fn check_long(result: c_long) -> io::Result<()> {
    check(result as i32).map(drop)
}

/// Gives the calling thread the user's effective ids. This sets the file-system ids with them, and drops all effective
/// capabilities of root (setfsuid alone would keep CAP_SYS_PTRACE, CAP_SYS_RESOURCE and the like). Saved ids stay root, so that
/// `restore_effective` can go back.
pub fn drop_effective(identity: &Identity) -> io::Result<()> {
    set_groups(&identity.groups)?;
    // SAFETY: integers only.
    unsafe {
        check_long(abi::syscall(abi::number::SETRESGID, UNCHANGED, identity.gid, UNCHANGED))?;
        check_long(abi::syscall(abi::number::SETRESUID, UNCHANGED, identity.uid, UNCHANGED))
    }
}

/// The way back: the uid first, because it brings the right to set the rest.
pub fn restore_effective(identity: &Identity) -> io::Result<()> {
    // SAFETY: integers only.
    unsafe {
        check_long(abi::syscall(abi::number::SETRESUID, UNCHANGED, identity.uid, UNCHANGED))?;
        check_long(abi::syscall(abi::number::SETRESGID, UNCHANGED, identity.gid, UNCHANGED))?;
    }
    set_groups(&identity.groups)
}

/// Gives up the old identity for good: real, effective and saved ids. Async-signal-safe.
pub fn become_user(identity: &Identity) -> io::Result<()> {
    set_groups(&identity.groups)?;
    let Identity { uid, gid, .. } = *identity;
    // SAFETY: integers only.
    unsafe {
        check_long(abi::syscall(abi::number::SETRESGID, gid, gid, gid))?;
        check_long(abi::syscall(abi::number::SETRESUID, uid, uid, uid))
    }
}
