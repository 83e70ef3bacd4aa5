//! The agent's end of one output of the process: a pipe, or a terminal's master.

use super::outbox::Outbox;
use crate::sys::descriptor::{read_some, readable_bytes, set_nonblocking};
use crate::wire::frame::CHUNK_BYTES_MAX;
use std::io;
use std::os::unix::io::{AsRawFd, OwnedFd};

pub struct Output {
    reader: OwnedFd,
    /// The type of its frames.
    kind: u8,
    is_open: bool,
    /// What the client still gets once the process has ended and its time to drain is over; none before.
    owed_bytes: Option<usize>,
}

impl Output {
    pub fn new(reader: OwnedFd, kind: u8) -> io::Result<Self> {
        set_nonblocking(&reader)?;
        Ok(Output { reader, kind, is_open: true, owed_bytes: None })
    }

    pub fn descriptor(&self) -> i32 {
        self.reader.as_raw_fd()
    }

    /// False once nobody holds the other end.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the client may still get something from here.
    pub fn is_due(&self) -> bool {
        self.is_open && self.owed_bytes != Some(0)
    }

    /// From now on the client gets only what is in the pipe at this moment. A slow client thereby loses nothing that the
    /// ended process wrote, and a background process that writes for ever cannot keep the operation from ending.
    pub fn stop_accepting(&mut self) {
        self.owed_bytes = Some(readable_bytes(&self.reader).unwrap_or(0));
    }

    /// Moves one frame's worth to the client.
    pub fn forward(&mut self, outbox: &mut Outbox) {
        let size_max = self.owed_bytes.unwrap_or(CHUNK_BYTES_MAX);
        let result = outbox.push_read(self.kind, size_max, |buffer| read_some(&self.reader, buffer));
        if let (Ok(count), Some(owed)) = (&result, &mut self.owed_bytes) {
            *owed = owed.saturating_sub(*count);
        }
        self.note(result);
    }

    /// Reads and drops, so that whoever holds the other end never blocks.
    pub fn discard(&mut self) {
        let mut dropped = [0; 16 * 1024];
        let result = read_some(&self.reader, &mut dropped);
        self.note(result);
    }

    fn note(&mut self, result: io::Result<usize>) {
        match result {
            Ok(0) => self.is_open = false,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            // EIO: nobody has the terminal open any more.
            Err(_) => self.is_open = false,
        }
    }
}
