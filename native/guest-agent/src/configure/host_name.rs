//! Host names the agent accepts: they go into files line by line, and to the kernel.

use crate::failure::{quote, AgentError};

/// The kernel's limit, `__NEW_UTS_LEN`.
const HOST_NAME_BYTES_MAX: usize = 64;

pub fn validate(name: &[u8]) -> Result<(), AgentError> {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
    if !name.is_empty() && name.len() <= HOST_NAME_BYTES_MAX && name.iter().all(is_allowed) {
        return Ok(());
    }
    Err(AgentError::invalid(format!(
        "host name {} must have 1 to {HOST_NAME_BYTES_MAX} letters, digits, dots, hyphens or underscores",
        quote(name)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_and_refuses_anything_that_could_break_a_line() {
        assert!(validate(b"sbx_0a-1.local").is_ok());
        for name in [&b""[..], b"a b", b"a\n127.0.0.1 evil", b"\xff", &[b'a'; 65]] {
            assert!(validate(name).is_err(), "{name:?}");
        }
    }
}
