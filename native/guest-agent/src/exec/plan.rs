//! All that is decided about a new process before anything is opened or forked.

use super::environment::{plan_environment, validate, value_of};
use super::program_path::plan_candidates;
use crate::accounts::User;
use crate::failure::AgentError;
use crate::sys::program::StringList;
use crate::sys::terminal::TerminalSize;
use crate::wire::request::{Exec, Pair};
use std::ffi::CString;

pub struct ExecPlan {
    pub user: User,
    /// As the request names it, for messages.
    pub program: Vec<u8>,
    pub candidates: Vec<CString>,
    pub argv: StringList,
    pub environment: StringList,
    pub directory: CString,
    /// Start in `/` when the directory does not exist: it is the home and nobody asked for it.
    pub falls_back_to_root: bool,
    pub terminal: Option<TerminalSize>,
    pub stdin: bool,
}

pub fn plan_exec(request: &Exec, user: User, configured: &[Pair]) -> Result<ExecPlan, AgentError> {
    let program = request.argv.first().filter(|program| !program.is_empty());
    let program = program.ok_or_else(|| AgentError::invalid("argv must name a program"))?;
    validate(&request.environment)?;
    let environment = plan_environment(&user, request.pty.is_some(), configured, &request.environment);
    let candidates = plan_candidates(program, value_of(&environment, b"PATH"));
    let lines = environment.iter().map(|(name, value)| [name, value.as_slice()].join(&b'='));
    Ok(ExecPlan {
        program: program.clone(),
        candidates: to_strings(candidates, "argv")?,
        argv: StringList::new(to_strings(request.argv.iter().cloned(), "argv")?),
        environment: StringList::new(to_strings(lines, "environment")?),
        directory: to_string(plan_directory(&request.cwd, &user.home), "cwd")?,
        falls_back_to_root: request.cwd.is_empty(),
        terminal: request.pty.map(|(columns, rows)| TerminalSize { columns, rows }),
        stdin: request.stdin,
        user,
    })
}

fn plan_directory(cwd: &[u8], home: &[u8]) -> Vec<u8> {
    match cwd.first() {
        None => home.to_vec(),
        Some(b'/') => cwd.to_vec(),
        Some(_) => [home, b"/", cwd].concat(),
    }
}

fn to_string(bytes: Vec<u8>, field: &str) -> Result<CString, AgentError> {
    CString::new(bytes).map_err(|_| AgentError::invalid(format!("{field} must not contain NUL")))
}

fn to_strings(items: impl IntoIterator<Item = Vec<u8>>, field: &str) -> Result<Vec<CString>, AgentError> {
    items.into_iter().map(|item| to_string(item, field)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_in_the_home_unless_told_otherwise() {
        assert_eq!(plan_directory(b"", b"/home/user"), b"/home/user");
        assert_eq!(plan_directory(b"a/b", b"/home/user"), b"/home/user/a/b");
        assert_eq!(plan_directory(b"/srv", b"/home/user"), b"/srv");
    }
}
