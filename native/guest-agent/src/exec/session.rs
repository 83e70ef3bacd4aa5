//! One process and its client, in one thread that waits for all of them at once.
//!
//! ```text
//!   Attached ──ended and drained: EXIT──▶ Ending ──sent──▶ Lingering ──client closed, or 30 s──▶ Detached
//!      │  └────protocol error: ERROR──────▶ │                                                     ▲
//!      └──────────connection lost────────────┴─────────────────────────────────────────────────────┘
//! ```
//!
//! *Attached*: output goes to the client, whose frames are always read, whatever the process does with its input. Because
//! neither side is ever waited for alone, a client that does not read delays neither timeout nor kill.
//! *Ending*: the last frame is queued. *Lingering*: it is sent, and the client may close first. From *Ending* on output is read
//! and dropped. *Detached*: no connection; the session stays as long as the process runs (its timeout still applies) or something
//! holds its pipes, so that the holder never blocks.

use super::command::Command;
use super::input::Input;
use super::outbox::Outbox;
use super::output::Output;
use super::spawn::Process;
use crate::children::Ended;
use crate::client::Client;
use crate::failure::AgentError;
use crate::standing::LINGER;
use crate::sys::poll;
use crate::sys::process::{signal_group, SIGKILL};
use crate::sys::terminal::set_size;
use crate::wire::frame::{kind, FrameDecoder, CHUNK_BYTES_MAX};
use crate::wire::reply::{encode_error, encode_started, encode_stdin_consumed, Exit};
use crate::wire::request::Exec;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::io::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long EXIT waits for something else that still holds the pipes.
const DRAIN: Duration = Duration::from_millis(500);
/// How long a client that broke the protocol may take to read the ERROR.
const ERROR_SENDING: Duration = Duration::from_secs(5);
/// Slots of the wait before those of the outputs: end of the process, socket, stdin.
const FIXED_SLOTS: usize = 3;

enum Phase {
    Attached,
    Ending { until: Option<Instant> },
    Lingering { until: Instant },
    Detached,
}

pub struct Session {
    phase: Phase,
    /// None exactly when detached.
    client: Option<Client>,
    frames: FrameDecoder,
    outbox: Outbox,
    pid: i32,
    child: Arc<crate::children::Child>,
    started: Instant,
    ended: Option<Ended>,
    timeout: Option<Instant>,
    timed_out: bool,
    kill_on_disconnect: bool,
    input: Input,
    outputs: Vec<Output>,
    /// Which output is read first; they take turns.
    first_output: usize,
    /// The drain time is over: the client gets what is in the pipes, and no more.
    is_drained: bool,
    terminal: Option<OwnedFd>,
}

impl Session {
    pub fn new(client: Client, process: Process, request: &Exec) -> Self {
        let mut outbox = Outbox::default();
        outbox.push(kind::STARTED, &encode_started(process.pid as u32));
        let timeout = match request.timeout_ms {
            0 => None,
            // A time beyond the clock's end never comes.
            timeout_ms => process.started.checked_add(Duration::from_millis(timeout_ms)),
        };
        Session {
            phase: Phase::Attached,
            client: Some(client),
            frames: FrameDecoder::new(CHUNK_BYTES_MAX),
            outbox,
            pid: process.pid,
            child: process.child,
            started: process.started,
            ended: None,
            timeout,
            timed_out: false,
            kill_on_disconnect: request.kill_on_disconnect,
            input: Input::new(process.input, process.terminal.is_some()),
            outputs: process.outputs,
            first_output: 0,
            is_drained: false,
            terminal: process.terminal,
        }
    }

    pub fn run(mut self) {
        let is_ready = self.client.as_ref().map_or(false, |client| client.socket.set_nonblocking(true).is_ok());
        if !is_ready {
            self.lose_client();
        }
        self.flush();
        while !self.is_over() {
            let ready = self.wait();
            self.note_end();
            self.note_time();
            if ready.socket {
                self.receive();
            }
            if ready.input {
                self.input.write();
            }
            self.acknowledge_input();
            self.flush();
            self.move_output(&ready.outputs);
            self.advance();
        }
    }

    fn is_over(&self) -> bool {
        self.client.is_none() && self.ended.is_some() && !self.outputs.iter().any(Output::is_open)
    }

    fn is_attached(&self) -> bool {
        matches!(self.phase, Phase::Attached)
    }

    fn wait(&self) -> Ready {
        let interest = |wanted: bool, event: i16| if wanted { event } else { 0 };
        let socket = self.client.as_ref().map_or(-1, |client| client.socket.as_raw_fd());
        let mut slots = vec![
            poll::slot(self.child.event.as_raw_fd(), interest(self.ended.is_none(), poll::IN)),
            poll::slot(socket, poll::IN | interest(!self.outbox.is_empty(), poll::OUT)),
            poll::slot(self.input.pending_descriptor().unwrap_or(-1), poll::OUT),
        ];
        slots.extend(self.outputs.iter().map(|output| {
            let wanted = if self.is_attached() { output.is_due() && self.outbox.is_empty() } else { output.is_open() };
            poll::slot(output.descriptor(), interest(wanted, poll::IN))
        }));
        let timeout = self.next_deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if poll::wait(&mut slots, timeout).is_err() {
            // Out of memory in the kernel. Nothing is ready then; the pause keeps the loop from spinning.
            std::thread::sleep(Duration::from_millis(50));
        }
        let is_ready = |slot: &poll::Slot| slot.revents != 0;
        Ready {
            socket: slots[1].revents & !poll::OUT != 0,
            input: is_ready(&slots[2]),
            outputs: slots[FIXED_SLOTS..].iter().map(is_ready).collect(),
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let timeout = self.timeout.filter(|_| self.ended.is_none() && !self.timed_out);
        let drain = match self.ended {
            Some(ended) if self.is_attached() && !self.is_drained => Some(ended.at + DRAIN),
            _ => None,
        };
        let phase = match self.phase {
            Phase::Ending { until } => until,
            Phase::Lingering { until } => Some(until),
            Phase::Attached | Phase::Detached => None,
        };
        [timeout, drain, phase].into_iter().flatten().min()
    }

    fn note_end(&mut self) {
        if self.ended.is_none() {
            self.ended = self.child.ended();
        }
    }

    fn note_time(&mut self) {
        let now = Instant::now();
        match self.ended {
            None if !self.timed_out && self.timeout.map_or(false, |timeout| now >= timeout) => {
                self.timed_out = true;
                self.signal(SIGKILL);
            }
            Some(ended) if self.is_attached() && !self.is_drained && now >= ended.at + DRAIN => {
                self.is_drained = true;
                self.outputs.iter_mut().filter(|output| output.is_open()).for_each(Output::stop_accepting);
            }
            _ => {}
        }
    }

    /// Signals the whole group, until the main process has been gone for the time of draining. Its number is free once it is
    /// reaped. The kernel does not hand it out again while the group has members, but the agent cannot see the last of
    /// them go (their own parents reap them), and after that the number may be another group's. A session may last long
    /// beyond its process, as long as the client does not read; so there is a limit. Within it the numbers do not come
    /// round, and who is still there afterwards only holds the pipes: EXIT would have left it running as well.
    fn signal(&self, signal: i32) {
        if self.child.ended().map_or(false, |ended| ended.at.elapsed() >= DRAIN) {
            return;
        }
        // ESRCH: the group is gone, which is as good.
        let _ = signal_group(self.pid, signal);
    }

    fn receive(&mut self) {
        let mut bytes = [0; 16 * 1024];
        let result = match &mut self.client {
            Some(client) => client.socket.read(&mut bytes),
            None => return,
        };
        match result {
            Ok(0) => self.lose_client(),
            Ok(count) if self.is_attached() => {
                self.frames.push(&bytes[..count]);
                if let Err(error) = self.take_frames() {
                    self.refuse(&error);
                }
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => self.lose_client(),
        }
    }

    fn take_frames(&mut self) -> Result<(), AgentError> {
        while let Some(frame) = self.frames.next_frame()? {
            self.obey(Command::decode(frame)?)?;
        }
        Ok(())
    }

    fn obey(&mut self, command: Command) -> Result<(), AgentError> {
        match command {
            Command::Stdin(bytes) => self.input.push(&bytes)?,
            Command::CloseStdin => self.input.end(),
            Command::Signal(signal) => self.signal(signal),
            Command::Resize(size) => {
                if let Some(terminal) = &self.terminal {
                    // Fails only for a terminal that is gone.
                    let _ = set_size(terminal, size);
                }
            }
        }
        Ok(())
    }

    /// A client that breaks the protocol has lost its process: it was told that the operation failed.
    fn refuse(&mut self, error: &AgentError) {
        self.signal(SIGKILL);
        self.outbox.push(kind::ERROR, &encode_error(error.code, &error.message));
        self.phase = Phase::Ending { until: Some(Instant::now() + ERROR_SENDING) };
    }

    fn lose_client(&mut self) {
        let is_cut = self.client.as_ref().map_or(false, Client::is_cut);
        if self.is_attached() && self.kill_on_disconnect && !is_cut {
            self.signal(SIGKILL);
        }
        // What the client sent last still reaches the process, then its end of file.
        self.input.end();
        self.detach();
    }

    fn detach(&mut self) {
        self.phase = Phase::Detached;
        self.client = None;
        self.outbox = Outbox::default();
        self.frames = FrameDecoder::new(CHUNK_BYTES_MAX);
    }

    /// Waits for an empty outbox, so that acknowledgements of a client that does not read add up instead of piling up.
    fn acknowledge_input(&mut self) {
        if self.is_attached() && self.outbox.is_empty() {
            if let Some(count) = self.input.take_consumed() {
                self.outbox.push(kind::STDIN_CONSUMED, &encode_stdin_consumed(count));
            }
        }
    }

    fn flush(&mut self) {
        if let Some(client) = &mut self.client {
            if self.outbox.flush(&mut client.socket).is_err() {
                self.lose_client();
            }
        }
    }

    fn move_output(&mut self, ready: &[bool]) {
        let count = self.outputs.len();
        for turn in 0..count {
            let index = (self.first_output + turn) % count;
            if !ready[index] {
                continue;
            }
            if !self.is_attached() {
                self.outputs[index].discard();
            } else if self.outbox.is_empty() && self.outputs[index].is_due() {
                self.outputs[index].forward(&mut self.outbox);
                self.flush();
                self.first_output = (index + 1) % count;
            }
        }
    }

    /// Moves on to the next phase when this one is over.
    fn advance(&mut self) {
        if self.is_attached() && self.outbox.is_empty() && !self.outputs.iter().any(Output::is_due) {
            if let Some(ended) = self.ended {
                self.input.close();
                self.outbox.push(kind::EXIT, &self.exit(ended).encode());
                self.phase = Phase::Ending { until: None };
                self.flush();
            }
        }
        let now = Instant::now();
        match self.phase {
            Phase::Ending { .. } if self.outbox.is_empty() => {
                self.input.close();
                if let Some(client) = &self.client {
                    // An error means that the client is gone, which the next read will tell.
                    let _ = client.socket.shutdown(Shutdown::Write);
                }
                self.phase = Phase::Lingering { until: now + LINGER };
            }
            Phase::Ending { until: Some(until) } if now >= until => self.detach(),
            Phase::Lingering { until } if now >= until => self.detach(),
            _ => {}
        }
    }

    fn exit(&self, ended: Ended) -> Exit {
        Exit {
            code: ended.status.code,
            signal: ended.status.signal,
            timed_out: self.timed_out,
            duration_ms: ended.at.saturating_duration_since(self.started).as_millis() as u64,
        }
    }
}

/// What a wait found.
struct Ready {
    socket: bool,
    input: bool,
    outputs: Vec<bool>,
}
