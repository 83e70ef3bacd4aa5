//! Frames: a header of 5 bytes (u32 payload length, u8 type) and the payload.

use super::{KIB, MIB};

pub const HEADER_BYTES: usize = 5;
pub const PAYLOAD_BYTES_MAX: usize = MIB;
/// The most raw bytes (stdin, output, file data) in one frame.
pub const CHUNK_BYTES_MAX: usize = 64 * KIB;
/// The most STDIN a client may have sent without an acknowledgement.
pub const STDIN_WINDOW_BYTES: usize = 256 * KIB;

/// Frame types.
pub mod kind {
    pub const REQUEST: u8 = 0x01;
    pub const STDIN: u8 = 0x02;
    pub const CLOSE_STDIN: u8 = 0x03;
    pub const SIGNAL: u8 = 0x04;
    pub const RESIZE: u8 = 0x05;
    pub const DATA: u8 = 0x06;
    pub const END: u8 = 0x07;
    pub const DONE: u8 = 0x81;
    pub const ERROR: u8 = 0x82;
    pub const STARTED: u8 = 0x83;
    pub const STDOUT: u8 = 0x84;
    pub const STDERR: u8 = 0x85;
    pub const STDIN_CONSUMED: u8 = 0x86;
    pub const EXIT: u8 = 0x87;
    pub const ENTRY: u8 = 0x88;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub payload: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: u8,
    pub payload_bytes: usize,
}

/// The frame is longer than its reader allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameTooLarge;

impl Header {
    pub fn encode(self) -> [u8; HEADER_BYTES] {
        let length = (self.payload_bytes as u32).to_le_bytes();
        [length[0], length[1], length[2], length[3], self.kind]
    }

    /// Checks the length before anybody allocates for it.
    pub fn decode(bytes: [u8; HEADER_BYTES], payload_bytes_max: usize) -> Result<Self, FrameTooLarge> {
        let payload_bytes = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
        if payload_bytes > payload_bytes_max {
            return Err(FrameTooLarge);
        }
        Ok(Header { kind: bytes[4], payload_bytes })
    }
}

pub fn encode_frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let header = Header { kind, payload_bytes: payload.len() };
    let mut frame = Vec::with_capacity(HEADER_BYTES + payload.len());
    frame.extend_from_slice(&header.encode());
    frame.extend_from_slice(payload);
    frame
}

/// Cuts a stream of bytes into frames, for sockets that are read as bytes arrive. It holds at most one unfinished frame
/// beyond what was pushed last.
pub struct FrameDecoder {
    bytes: Vec<u8>,
    taken: usize,
    payload_bytes_max: usize,
}

impl FrameDecoder {
    pub fn new(payload_bytes_max: usize) -> Self {
        FrameDecoder { bytes: Vec::new(), taken: 0, payload_bytes_max }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame, if it has arrived.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        let rest = &self.bytes[self.taken..];
        if rest.len() < HEADER_BYTES {
            return Ok(None);
        }
        let header = Header::decode([rest[0], rest[1], rest[2], rest[3], rest[4]], self.payload_bytes_max)?;
        let end = HEADER_BYTES + header.payload_bytes;
        if rest.len() < end {
            return Ok(None);
        }
        let payload = rest[HEADER_BYTES..end].to_vec();
        self.taken += end;
        Ok(Some(Frame { kind: header.kind, payload }))
    }
}
