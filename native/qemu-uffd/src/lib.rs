//! Preload library for QEMU: hands the memory of a restored guest over to the pager.
//!
//! QEMU maps the guest's memory from a file. When a shared mapping of the file that `THAW_UFFD_MEMORY_PATH` names is made,
//! the library registers it with userfaultfd and sends where it lies, with the descriptor, to the socket
//! `THAW_UFFD_SOCKET_PATH`; from then on the pager fills each page when it is touched first. All other mappings are the
//! C library's alone, and without the two variables all mappings are.
//!
//! The message is that of Firecracker, so one pager serves both: JSON with one region, and the descriptor by SCM_RIGHTS.
//!
//! Nothing is served half: any failure ends the process with exit code 70 and a line on standard error.

// The unit tests leave the exports out, and with them the use of much else.
#![cfg_attr(test, allow(dead_code))]

mod abi;
/// In a test program they would take the place of its own.
#[cfg(not(test))]
mod exports;
mod failure;
mod handover;
mod mapping;
mod next_mmap;
mod pager_socket;
mod region;
mod settings;
mod userfaultfd;
