//! Thaw's guest agent: PID 1 of a sandbox and the server of the guest protocol (`docs/formats/guest-protocol.md`).
//!
//! One TCP connection carries one operation and has one thread. `wire` is the protocol without I/O, `sys` the kernel
//! without policy; `exec`, `files` and `configure` are the operations between them.
//!
//! The library exists so that the integration tests speak the protocol with the agent's own codec.

pub mod accounts;
pub mod agent;
pub mod bound;
pub mod children;
pub mod client;
pub mod configure;
pub mod connection;
pub mod errno;
pub mod exec;
pub mod failure;
pub mod files;
pub mod init;
pub mod newcomers;
pub mod operations;
pub mod options;
pub mod origin;
pub mod server;
pub mod standing;
pub mod sys;
pub mod system_file;
pub mod wire;
