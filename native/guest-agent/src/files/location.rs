//! Paths of requests.

use crate::accounts::User;
use crate::failure::AgentError;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The absolute path: a relative one starts at the user's home. Repeated slashes and `.` vanish; `..` stays, because behind a
/// symlink it means what the kernel says.
pub fn locate(path: &[u8], user: &User) -> Result<PathBuf, AgentError> {
    if path.contains(&0) {
        return Err(AgentError::invalid("a path must not contain NUL"));
    }
    let start: &[u8] = if path.starts_with(b"/") { b"" } else { &user.home };
    let parts = start.split(is_slash).chain(path.split(is_slash));
    let mut located = Vec::new();
    for part in parts.filter(|part| !part.is_empty() && *part != b".") {
        located.push(b'/');
        located.extend_from_slice(part);
    }
    if located.is_empty() {
        located.push(b'/');
    }
    Ok(PathBuf::from(OsString::from_vec(located)))
}

fn is_slash(byte: &u8) -> bool {
    *byte == b'/'
}

pub fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locates_from_the_home() {
        let located = |path: &str| locate(path.as_bytes(), &User::root()).unwrap().into_os_string().into_vec();
        assert_eq!(located("a//b/./c/"), b"/root/a/b/c");
        assert_eq!(located(""), b"/root");
        assert_eq!(located("/"), b"/");
        assert_eq!(located("//x/../y"), b"/x/../y");
        assert!(locate(b"a\0", &User::root()).is_err());
    }
}
