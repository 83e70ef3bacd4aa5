//! Starting a process: its pipes or terminal are open, and the agent holds its ends, before the fork.

use super::child::{self, decode_report, ChildDescriptors, ChildSetting, Step, REPORT_BYTES};
use super::output::Output;
use super::plan::ExecPlan;
use crate::agent::Agent;
use crate::children::Child;
use crate::errno::{describe, error_code};
use crate::failure::{quote, AgentError};
use crate::sys::descriptor::{open_pipe, read_some, set_nonblocking};
use crate::sys::file::change_owner;
use crate::sys::identity::effective_uid;
use crate::sys::process::fork;
use crate::sys::terminal::{open_terminal, set_size, TerminalSize};
use crate::wire::error_code::ErrorCode;
use crate::wire::frame::kind;
use std::fs::File;
use std::io;
use std::os::unix::io::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

/// A running process and the agent's ends of its descriptors, all non-blocking.
pub struct Process {
    pub pid: i32,
    pub child: Arc<Child>,
    pub started: Instant,
    pub outputs: Vec<Output>,
    pub input: Option<OwnedFd>,
    /// The terminal's master, for its size.
    pub terminal: Option<OwnedFd>,
}

/// Both ends of what the process reads and writes.
struct Descriptors {
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
    outputs: Vec<Output>,
    input: Option<OwnedFd>,
    terminal: Option<OwnedFd>,
}

pub fn spawn(agent: &Agent, plan: &ExecPlan) -> Result<Process, AgentError> {
    let refuse = |error| AgentError::from_kernel("start a process", &error);
    let Descriptors { stdin, stdout, stderr, outputs, input, terminal } = open_descriptors(plan).map_err(refuse)?;
    let errors = open_pipe().map_err(refuse)?;
    let setting = ChildSetting {
        plan,
        descriptors: ChildDescriptors {
            stdin: stdin.as_raw_fd(),
            stdout: stdout.as_raw_fd(),
            stderr: stderr.as_raw_fd(),
            error: errors.writer.as_raw_fd(),
        },
        file_limit: agent.child_file_limit,
        changes_identity: effective_uid() == 0 || effective_uid() != plan.user.identity.uid,
    };
    let started = Instant::now();
    let (pid, child) = agent.children.start(|| fork(|| child::run(&setting))).map_err(refuse)?;
    // The process's ends, or the agent would never see the pipes close.
    drop((stdin, stdout, stderr, errors.writer));
    if let Some((step, error)) = receive_report(&errors.reader) {
        return Err(explain(plan, step, &error));
    }
    Ok(Process { pid, child, started, outputs, input, terminal })
}

fn open_descriptors(plan: &ExecPlan) -> io::Result<Descriptors> {
    match plan.terminal {
        Some(size) => open_terminal_descriptors(plan, size),
        None => open_pipe_descriptors(plan),
    }
}

fn open_pipe_descriptors(plan: &ExecPlan) -> io::Result<Descriptors> {
    let stdout = open_pipe()?;
    let stderr = open_pipe()?;
    let (stdin, input) = if plan.stdin {
        let pipe = open_pipe()?;
        set_nonblocking(&pipe.writer)?;
        (pipe.reader, Some(pipe.writer))
    } else {
        (open_null()?, None)
    };
    Ok(Descriptors {
        stdin,
        stdout: stdout.writer,
        stderr: stderr.writer,
        outputs: vec![Output::new(stdout.reader, kind::STDOUT)?, Output::new(stderr.reader, kind::STDERR)?],
        input,
        terminal: None,
    })
}

fn open_terminal_descriptors(plan: &ExecPlan, size: TerminalSize) -> io::Result<Descriptors> {
    let terminal = open_terminal()?;
    set_size(&terminal.master, size)?;
    // The group stays devpts's, `tty`. Without root's rights the terminal is the agent's own user's already.
    let _ = change_owner(&terminal.slave, plan.user.identity.uid, u32::MAX);
    set_nonblocking(&terminal.master)?;
    let slave = &terminal.slave;
    Ok(Descriptors {
        stdin: if plan.stdin { slave.try_clone()? } else { open_null()? },
        stdout: slave.try_clone()?,
        stderr: slave.try_clone()?,
        outputs: vec![Output::new(terminal.master.try_clone()?, kind::STDOUT)?],
        input: if plan.stdin { Some(terminal.master.try_clone()?) } else { None },
        terminal: Some(terminal.master),
    })
}

fn open_null() -> io::Result<OwnedFd> {
    Ok(File::open("/dev/null")?.into())
}

/// Waits until the new process has become its program, or has said why not.
fn receive_report(reader: &OwnedFd) -> Option<(Step, io::Error)> {
    let mut report = [0; REPORT_BYTES];
    loop {
        match read_some(reader, &mut report) {
            // A report is one small write, so that it is never cut.
            Ok(REPORT_BYTES) => return Some(decode_report(report)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // End of file: execve closed the pipe. (Or SIGKILL did; then the exit status tells.)
            _ => return None,
        }
    }
}

fn explain(plan: &ExecPlan, step: Step, error: &io::Error) -> AgentError {
    match step {
        Step::Prepare => AgentError::from_kernel("start a process", error),
        Step::Identity => AgentError::from_kernel(&format!("become user {}", quote(&plan.user.name)), error),
        Step::Directory => AgentError::from_kernel(&format!("enter {}", quote(plan.directory.as_bytes())), error),
        Step::Execute => {
            let code = match error_code(error) {
                code @ (ErrorCode::NotFound | ErrorCode::CapacityExhausted | ErrorCode::PayloadTooLarge) => code,
                // A directory, a file of unknown format, a loop of interpreters …
                _ => ErrorCode::PermissionDenied,
            };
            AgentError::new(code, format!("cannot execute {}: {}", quote(&plan.program), describe(error)))
        }
    }
}
