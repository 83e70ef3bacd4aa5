//! Frames on their way to the client. It holds one output frame at most (and a few small ones), so that a client that
//! does not read stops the process by its full pipe, and nothing else.

use crate::wire::frame::{encode_frame, Header, CHUNK_BYTES_MAX, HEADER_BYTES};
use std::io::{self, Write};

#[derive(Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn push(&mut self, kind: u8, payload: &[u8]) {
        self.bytes.extend_from_slice(&encode_frame(kind, payload));
    }

    /// Lets `read` fill a frame's payload of up to `size_max` bytes in place; a read of nothing makes no frame.
    pub fn push_read(
        &mut self,
        kind: u8,
        size_max: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let start = self.bytes.len();
        let payload_start = start + HEADER_BYTES;
        self.bytes.resize(payload_start + size_max.min(CHUNK_BYTES_MAX), 0);
        let result = read(&mut self.bytes[payload_start..]);
        match result {
            Ok(payload_bytes) if payload_bytes > 0 => {
                self.bytes.truncate(payload_start + payload_bytes);
                let header = Header { kind, payload_bytes };
                self.bytes[start..payload_start].copy_from_slice(&header.encode());
            }
            _ => self.bytes.truncate(start),
        }
        result
    }

    /// Sends what the socket takes now.
    pub fn flush(&mut self, socket: &mut impl Write) -> io::Result<()> {
        while self.sent < self.bytes.len() {
            match socket.write(&self.bytes[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.clear();
        self.sent = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_what_was_read() {
        let mut outbox = Outbox::default();
        outbox.push(0x83, &[1]);
        let read = |buffer: &mut [u8]| {
            buffer[..2].copy_from_slice(b"hi");
            Ok(2)
        };
        assert_eq!(outbox.push_read(0x84, 1 << 20, read).unwrap(), 2);
        assert_eq!(outbox.push_read(0x84, 10, |_| Ok(0)).unwrap(), 0);
        assert!(outbox.push_read(0x84, 10, |_| Err(io::ErrorKind::WouldBlock.into())).is_err());
        let mut sent = Vec::new();
        outbox.flush(&mut sent).unwrap();
        assert_eq!(sent, b"\x01\0\0\0\x83\x01\x02\0\0\0\x84hi");
        assert!(outbox.is_empty());
    }
}
