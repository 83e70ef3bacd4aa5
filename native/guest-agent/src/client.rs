//! The connection as operations see it that send and receive by turns. (`exec` does both at once; see `exec::session`.)

use crate::failure::{AgentError, Failure};
use crate::newcomers::Place;
use crate::operations::{Operation, Operations};
use crate::standing::Standing;
use crate::wire::frame::{encode_frame, kind, Frame, Header, HEADER_BYTES};
use crate::wire::reply::encode_error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

pub struct Client {
    pub socket: TcpStream,
    standing: Standing,
    /// Once its request is accepted.
    operation: Option<Operation>,
}

impl Client {
    pub fn new(socket: TcpStream, place: Place) -> Self {
        Client { socket, standing: Standing::Newcomer(place), operation: None }
    }

    /// The client has shown the token.
    pub fn promote(&mut self) -> Result<(), Failure> {
        self.standing.promote()
    }

    /// Its request is accepted.
    pub fn begin(&mut self, operations: &'static Operations) -> Result<(), Failure> {
        let no_descriptor = |error| AgentError::from_kernel("serve the connection", &error);
        self.operation = Some(operations.begin(&self.socket).map_err(no_descriptor)?);
        Ok(())
    }

    /// Ends the operations of all other clients.
    pub fn cut_others(&self) {
        if let Some(operation) = &self.operation {
            operation.cut_others();
        }
    }

    /// Whether the connection was ended by the agent, not by the client.
    pub fn is_cut(&self) -> bool {
        self.operation.as_ref().map_or(false, Operation::is_cut)
    }

    /// Fills the buffer; a deadline that passes is a lost connection.
    pub fn receive_exact(&mut self, buffer: &mut [u8], deadline: Option<Instant>) -> Result<(), Failure> {
        let mut filled = 0;
        while filled < buffer.len() {
            self.limit_reading(deadline)?;
            match self.socket.read(&mut buffer[filled..]) {
                Ok(0) => return Err(Failure::Lost),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Failure::Lost),
            }
        }
        Ok(())
    }

    fn limit_reading(&self, deadline: Option<Instant>) -> Result<(), Failure> {
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            // A timeout of zero is refused as well, and rightly so: it is over.
            self.socket.set_read_timeout(Some(left)).map_err(|_| Failure::Lost)?;
        }
        Ok(())
    }

    pub fn receive(&mut self, payload_bytes_max: usize, deadline: Option<Instant>) -> Result<Frame, Failure> {
        let mut header = [0; HEADER_BYTES];
        self.receive_exact(&mut header, deadline)?;
        let header = Header::decode(header, payload_bytes_max).map_err(AgentError::from)?;
        let mut payload = vec![0; header.payload_bytes];
        self.receive_exact(&mut payload, deadline)?;
        Ok(Frame { kind: header.kind, payload })
    }

    pub fn send(&mut self, kind: u8, payload: &[u8]) -> Result<(), Failure> {
        self.send_encoded(&encode_frame(kind, payload))
    }

    /// Sends whole frames.
    pub fn send_encoded(&mut self, frames: &[u8]) -> Result<(), Failure> {
        self.socket.write_all(frames).map_err(|_| Failure::Lost)
    }

    /// The end of the operation: DONE with the payload, ERROR, or nothing to a client that is gone.
    pub fn conclude(mut self, result: Result<Vec<u8>, Failure>) {
        let sent = match result {
            Ok(payload) => self.send(kind::DONE, &payload),
            Err(Failure::Refused(error)) => self.send(kind::ERROR, &encode_error(error.code, &error.message)),
            Err(Failure::Lost) => Err(Failure::Lost),
        };
        if sent.is_ok() {
            self.linger();
        }
    }

    fn linger(&mut self) {
        let deadline = Instant::now() + self.standing.linger();
        let mut dropped = [0; 8 * 1024];
        if self.socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        while self.limit_reading(Some(deadline)).is_ok() {
            match self.socket.read(&mut dropped) {
                Ok(count) if count > 0 => {}
                _ => return,
            }
        }
    }
}
