//! Payloads of the agent's frames, except the entry.

use super::decoder::{Decoded, Decoder};
use super::encoder::Encoder;
use super::error_code::ErrorCode;

/// EXIT, the last frame of `exec`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// 128 + signal when a signal ended the process.
    pub code: i32,
    /// 0: none.
    pub signal: i32,
    pub timed_out: bool,
    pub duration_ms: u64,
}

impl Exit {
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new().i32(self.code).i32(self.signal).bool(self.timed_out).u64(self.duration_ms).finish()
    }

    pub fn decode(payload: &[u8]) -> Decoded<Self> {
        let mut decoder = Decoder::new(payload);
        let exit = Exit {
            code: decoder.i32()?,
            signal: decoder.i32()?,
            timed_out: decoder.bool()?,
            duration_ms: decoder.u64()?,
        };
        decoder.finish()?;
        Ok(exit)
    }
}

pub fn encode_error(code: ErrorCode, message: &str) -> Vec<u8> {
    Encoder::new().bytes(code.as_str().as_bytes()).bytes(message.as_bytes()).finish()
}

/// Code and message of an ERROR.
pub fn decode_error(payload: &[u8]) -> Decoded<(Vec<u8>, Vec<u8>)> {
    let mut decoder = Decoder::new(payload);
    let pair = decoder.pair()?;
    decoder.finish()?;
    Ok(pair)
}

pub fn encode_started(pid: u32) -> Vec<u8> {
    Encoder::new().u32(pid).finish()
}

pub fn encode_stdin_consumed(count_bytes: u32) -> Vec<u8> {
    Encoder::new().u32(count_bytes).finish()
}

/// DONE of `list`.
pub fn encode_truncated(truncated: bool) -> Vec<u8> {
    Encoder::new().bool(truncated).finish()
}

/// DONE of `ping`.
pub fn encode_pong(version: &str, uptime_ms: u64) -> Vec<u8> {
    Encoder::new().bytes(version.as_bytes()).u64(uptime_ms).finish()
}
