//! How an operation fails: with an error for the client, or because the client is gone.

use crate::errno;
use crate::wire::error_code::ErrorCode;
use crate::wire::frame::FrameTooLarge;
use std::io;

/// What the client is told. The message is a sentence for users without a final period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentError {
    pub code: ErrorCode,
    pub message: String,
}

impl AgentError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        AgentError { code, message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        AgentError::new(ErrorCode::InvalidArgument, message)
    }

    /// `cannot <action>: <what the kernel said>`.
    pub fn from_kernel(action: &str, error: &io::Error) -> Self {
        AgentError::new(errno::error_code(error), format!("cannot {action}: {}", errno::describe(error)))
    }
}

impl From<FrameTooLarge> for AgentError {
    fn from(_: FrameTooLarge) -> Self {
        AgentError::new(ErrorCode::PayloadTooLarge, "the frame is too large")
    }
}

/// The end of an operation that did not succeed.
#[derive(Debug)]
pub enum Failure {
    Refused(AgentError),
    /// The connection is lost; there is nobody to tell.
    Lost,
}

impl From<AgentError> for Failure {
    fn from(error: AgentError) -> Self {
        Failure::Refused(error)
    }
}

/// Bytes as a message shows them: quoted, cut when long, control characters escaped.
pub fn quote(bytes: &[u8]) -> String {
    const SHOWN_BYTES_MAX: usize = 256;
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    let ellipsis = if shown.len() < bytes.len() { "…" } else { "" };
    let mut text = String::from("\"");
    for character in String::from_utf8_lossy(shown).chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            _ if character.is_control() => text.extend(character.escape_default()),
            _ => text.push(character),
        }
    }
    text + ellipsis + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_bytes_for_users() {
        assert_eq!(quote(b"/tmp/a \"b\"\n"), r#""/tmp/a \"b\"\n""#);
        assert_eq!(quote(b"\xff"), "\"\u{fffd}\"");
        assert_eq!(quote(&[b'a'; 300]).chars().count(), 259);
    }

    #[test]
    fn says_what_the_kernel_said() {
        let error = AgentError::from_kernel("open \"/root/x\"", &io::Error::from_raw_os_error(13));
        assert_eq!(error.code, ErrorCode::PermissionDenied);
        assert_eq!(error.message, "cannot open \"/root/x\": permission denied");
    }
}
