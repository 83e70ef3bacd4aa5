//! What a client may say while its process runs.

use crate::failure::AgentError;
use crate::sys::signals::SIGNAL_MAX;
use crate::sys::terminal::TerminalSize;
use crate::wire::decoder::{Decoded, Decoder};
use crate::wire::frame::{kind, Frame};

#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Stdin(Vec<u8>),
    CloseStdin,
    /// To the process group.
    Signal(i32),
    /// Means nothing without a terminal.
    Resize(TerminalSize),
}

impl Command {
    pub fn decode(frame: Frame) -> Result<Self, AgentError> {
        match frame.kind {
            kind::STDIN => Ok(Command::Stdin(frame.payload)),
            kind::CLOSE_STDIN if frame.payload.is_empty() => Ok(Command::CloseStdin),
            kind::SIGNAL => match decode_signal(&frame.payload).map_err(AgentError::invalid)? {
                signal if (1..=SIGNAL_MAX).contains(&signal) => Ok(Command::Signal(signal)),
                signal => Err(AgentError::invalid(format!("signal {signal} must be from 1 to {SIGNAL_MAX}"))),
            },
            kind::RESIZE => decode_size(&frame.payload).map(Command::Resize).map_err(AgentError::invalid),
            other => Err(AgentError::invalid(format!("a frame of type {other:#04x} is not expected here"))),
        }
    }
}

fn decode_signal(payload: &[u8]) -> Decoded<i32> {
    let mut decoder = Decoder::new(payload);
    let signal = decoder.i32()?;
    decoder.finish()?;
    Ok(signal)
}

fn decode_size(payload: &[u8]) -> Decoded<TerminalSize> {
    let mut decoder = Decoder::new(payload);
    let size = TerminalSize { columns: decoder.u16()?, rows: decoder.u16()? };
    decoder.finish()?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(kind: u8, payload: &[u8]) -> Result<Command, AgentError> {
        Command::decode(Frame { kind, payload: payload.to_vec() })
    }

    #[test]
    fn decodes_commands() {
        assert_eq!(decode(kind::SIGNAL, &[64, 0, 0, 0]), Ok(Command::Signal(64)));
        let size = TerminalSize { columns: 132, rows: 43 };
        assert_eq!(decode(kind::RESIZE, &[132, 0, 43, 0]), Ok(Command::Resize(size)));
        assert_eq!(decode(kind::CLOSE_STDIN, &[]), Ok(Command::CloseStdin));
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        let frames: [(u8, &[u8]); 6] = [
            (kind::SIGNAL, &[0, 0, 0, 0]),
            (kind::SIGNAL, &[65, 0, 0, 0]),
            (kind::SIGNAL, &[9]),
            (kind::RESIZE, &[1, 0, 1, 0, 0]),
            (kind::CLOSE_STDIN, &[0]),
            (kind::DATA, &[]),
        ];
        for (kind, payload) in frames {
            assert!(decode(kind, payload).is_err(), "{kind} {payload:?}");
        }
    }
}
