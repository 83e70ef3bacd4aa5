//! The process's standard input: what the client has sent and the process has not taken yet.

use crate::failure::AgentError;
use crate::sys::descriptor::write_some;
use crate::wire::frame::STDIN_WINDOW_BYTES;
use std::collections::VecDeque;
use std::io;
use std::os::unix::io::{AsRawFd, OwnedFd};

/// Ctrl-D, the end of file of a terminal.
const TERMINAL_END: u8 = 4;

pub struct Input {
    /// None when there was none, or it is closed.
    writer: Option<OwnedFd>,
    is_terminal: bool,
    is_wanted: bool,
    /// The client has said that nothing follows.
    is_ending: bool,
    pending: VecDeque<u8>,
    /// Taken since the last acknowledgement.
    consumed_bytes: usize,
    /// Ctrl-D's in `pending`, which the client did not send: always its last bytes.
    extra_bytes: usize,
}

impl Input {
    pub fn new(writer: Option<OwnedFd>, is_terminal: bool) -> Self {
        Input {
            is_wanted: writer.is_some(),
            writer,
            is_terminal,
            is_ending: false,
            pending: VecDeque::new(),
            consumed_bytes: 0,
            extra_bytes: 0,
        }
    }

    /// The descriptor to wait for when there is something to write.
    pub fn pending_descriptor(&self) -> Option<i32> {
        match &self.writer {
            Some(writer) if !self.pending.is_empty() => Some(writer.as_raw_fd()),
            _ => None,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) -> Result<(), AgentError> {
        if !self.is_wanted {
            return Err(AgentError::invalid("the process was started without stdin"));
        }
        if self.is_ending {
            return Err(AgentError::invalid("stdin is closed"));
        }
        let unacknowledged = self.pending.len() + self.consumed_bytes + bytes.len();
        if unacknowledged > STDIN_WINDOW_BYTES {
            return Err(AgentError::invalid(format!(
                "more than {STDIN_WINDOW_BYTES} bytes of stdin are not acknowledged"
            )));
        }
        match self.writer {
            Some(_) => self.pending.extend(bytes),
            // Nobody will read it; without an acknowledgement the client would wait for ever.
            None => self.consumed_bytes += bytes.len(),
        }
        self.write();
        Ok(())
    }

    /// Closes the process's stdin after what is pending.
    pub fn end(&mut self) {
        if self.is_ending {
            return;
        }
        self.is_ending = true;
        if self.is_terminal && self.writer.is_some() {
            self.pending.push_back(TERMINAL_END);
            self.extra_bytes = 1;
        }
        self.write();
    }

    /// Closes it at once: nobody can read it any more.
    pub fn close(&mut self) {
        self.writer = None;
        self.consumed_bytes += self.pending.len() - self.extra_bytes;
        self.extra_bytes = 0;
        self.pending = VecDeque::new();
    }

    /// Writes what the process takes now.
    pub fn write(&mut self) {
        while let (Some(writer), false) = (&self.writer, self.pending.is_empty()) {
            match write_some(writer, self.pending.as_slices().0) {
                Ok(0) => return,
                Ok(count) => self.take(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // EPIPE, or EIO of a terminal: it is closed at the other end.
                Err(_) => self.close(),
            }
        }
        if self.is_ending {
            self.writer = None;
        }
    }

    fn take(&mut self, count: usize) {
        self.pending.drain(..count);
        if self.pending.len() < self.extra_bytes {
            self.extra_bytes = 0;
            self.consumed_bytes += count - 1;
        } else {
            self.consumed_bytes += count;
        }
    }

    /// What to acknowledge now, if anything.
    pub fn take_consumed(&mut self) -> Option<u32> {
        match std::mem::take(&mut self.consumed_bytes) {
            0 => None,
            count => Some(count as u32),
        }
    }
}
