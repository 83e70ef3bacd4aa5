//! The guest protocol as bytes, without I/O. Specified in `docs/formats/guest-protocol.md`.

pub mod decoder;
pub mod encoder;
pub mod entry;
pub mod error_code;
pub mod frame;
pub mod preamble;
pub mod reply;
pub mod request;

/// KiB and MiB in bytes.
pub const KIB: usize = 1024;
pub const MIB: usize = 1024 * KIB;
