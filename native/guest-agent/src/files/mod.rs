//! File operations. Each runs in its connection's thread with the user's rights (`rights`), so that the kernel decides
//! what the user may do; paths are bytes, and every answer about a file is an entry.

mod describe;
pub mod list;
mod location;
pub mod mkdir;
mod parents;
pub mod read;
pub mod relocate;
pub mod remove;
mod rights;
mod scope;
mod staged_file;
pub mod stat;
pub mod write;
