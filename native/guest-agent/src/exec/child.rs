//! The new process between fork and execve. Other threads' locks are frozen here, the allocator's among them: nothing
//! in this file allocates, and every call is async-signal-safe.

use super::plan::ExecPlan;
use crate::errno::{EACCES, ENOENT, ENOTDIR};
use crate::sys::descriptor::seal_inherited;
use crate::sys::identity::become_user;
use crate::sys::limits::FileLimit;
use crate::sys::process::start_session;
use crate::sys::program::{change_directory, execute, install_descriptor, write_descriptor, write_file};
use crate::sys::signals::reset_all;
use crate::sys::terminal::take_control;
use std::ffi::CStr;
use std::io;

/// What did not work. The number goes through the error pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Prepare = 1,
    Identity = 2,
    Directory = 3,
    Execute = 4,
}

/// The message through the error pipe: the step, then errno. An execve that works closes the pipe without any.
pub const REPORT_BYTES: usize = 5;

pub fn decode_report(report: [u8; REPORT_BYTES]) -> (Step, io::Error) {
    let step = match report[0] {
        2 => Step::Identity,
        3 => Step::Directory,
        4 => Step::Execute,
        _ => Step::Prepare,
    };
    let number = i32::from_ne_bytes([report[1], report[2], report[3], report[4]]);
    (step, io::Error::from_raw_os_error(number))
}

/// Descriptor numbers in the new process, before they become 0, 1 and 2.
pub struct ChildDescriptors {
    pub stdin: i32,
    pub stdout: i32,
    pub stderr: i32,
    pub error: i32,
}

pub struct ChildSetting<'a> {
    pub plan: &'a ExecPlan,
    pub descriptors: ChildDescriptors,
    pub file_limit: Option<FileLimit>,
    /// False when agent and user are the same and not root, so that there is nothing to change nor the right to.
    pub changes_identity: bool,
}

/// Becomes the program, or reports why not and returns.
pub fn run(setting: &ChildSetting) {
    let (step, error) = match become_process(setting) {
        Ok(()) => (Step::Execute, execute_first(setting.plan)),
        Err(failure) => failure,
    };
    let number = error.raw_os_error().unwrap_or(0).to_ne_bytes();
    let report = [step as u8, number[0], number[1], number[2], number[3]];
    write_descriptor(setting.descriptors.error, &report);
}

/// All but the program itself.
fn become_process(setting: &ChildSetting) -> Result<(), (Step, io::Error)> {
    let plan = setting.plan;
    prepare(setting).map_err(|error| (Step::Prepare, error))?;
    if setting.changes_identity {
        become_user(&plan.user.identity).map_err(|error| (Step::Identity, error))?;
    }
    enter_directory(plan).map_err(|error| (Step::Directory, error))
}

fn prepare(setting: &ChildSetting) -> io::Result<()> {
    let descriptors = &setting.descriptors;
    reset_all();
    start_session()?;
    seal_inherited();
    install_descriptor(descriptors.stdin, 0)?;
    install_descriptor(descriptors.stdout, 1)?;
    install_descriptor(descriptors.stderr, 2)?;
    if setting.plan.terminal.is_some() {
        take_control(1)?;
    }
    if let Some(limit) = &setting.file_limit {
        limit.apply()?;
    }
    // Best effort: without /proc there is no score to give back.
    let _ = write_file(literal(b"/proc/self/oom_score_adj\0"), b"0");
    Ok(())
}

fn literal(bytes: &'static [u8]) -> &'static CStr {
    // Every caller's literal ends with its only NUL.
    CStr::from_bytes_with_nul(bytes).unwrap_or_default()
}

fn enter_directory(plan: &ExecPlan) -> io::Result<()> {
    match change_directory(&plan.directory) {
        Err(error) if plan.falls_back_to_root && is_missing(&error) => change_directory(literal(b"/\0")),
        result => result,
    }
}

/// As execvp: a candidate that may not be executed is remembered, but a later one may do.
fn execute_first(plan: &ExecPlan) -> io::Error {
    let mut result = io::Error::from_raw_os_error(ENOENT);
    for candidate in &plan.candidates {
        let error = execute(candidate, &plan.argv, &plan.environment);
        match error.raw_os_error() {
            Some(ENOENT | ENOTDIR) => {}
            Some(EACCES) => result = error,
            _ => return error,
        }
    }
    result
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(ENOENT | ENOTDIR))
}
