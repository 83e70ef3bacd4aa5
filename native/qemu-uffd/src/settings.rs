//! What the environment says.

use super::failure::Failure;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub const MEMORY_PATH: &str = "THAW_UFFD_MEMORY_PATH";
pub const SOCKET_PATH: &str = "THAW_UFFD_SOCKET_PATH";

/// `sun_path` of unix(7), less the NUL at its end.
const SOCKET_PATH_BYTES_MAX: usize = 107;

#[derive(Debug)]
pub struct Settings {
    /// As the kernel names it: no symbolic link in it.
    pub memory_path: PathBuf,
    pub socket_path: PathBuf,
}

impl Settings {
    /// None when the library has nothing to do.
    pub fn from_environment() -> Result<Option<Self>, Failure> {
        Self::parse(std::env::var_os(MEMORY_PATH), std::env::var_os(SOCKET_PATH))
    }

    fn parse(memory: Option<OsString>, socket: Option<OsString>) -> Result<Option<Self>, Failure> {
        let (memory, socket) = match (memory, socket) {
            (None, None) => return Ok(None),
            (Some(memory), Some(socket)) => (PathBuf::from(memory), PathBuf::from(socket)),
            (Some(_), None) => return Err(refuse(format!("{MEMORY_PATH} is set and {SOCKET_PATH} is not"))),
            (None, Some(_)) => return Err(refuse(format!("{SOCKET_PATH} is set and {MEMORY_PATH} is not"))),
        };
        for (name, path) in [(MEMORY_PATH, &memory), (SOCKET_PATH, &socket)] {
            if !path.is_absolute() {
                return Err(refuse(format!("{name} is {path:?}, which is no absolute path")));
            }
        }
        if socket.as_os_str().as_bytes().len() > SOCKET_PATH_BYTES_MAX {
            return Err(refuse(format!("{SOCKET_PATH} is {socket:?}, more than {SOCKET_PATH_BYTES_MAX} bytes")));
        }
        Ok(Some(Settings { memory_path: resolve(&memory)?, socket_path: socket }))
    }
}

/// Resolves the directory, not the file itself: that may be deleted already.
fn resolve(path: &Path) -> Result<PathBuf, Failure> {
    match (path.parent(), path.file_name()) {
        (Some(directory), Some(name)) => match directory.canonicalize() {
            Ok(directory) => Ok(directory.join(name)),
            Err(error) => Err(refuse(format!("the directory of {MEMORY_PATH} {path:?} cannot be resolved: {error}"))),
        },
        _ => Err(refuse(format!("{MEMORY_PATH} is {path:?}, which names no file"))),
    }
}

fn refuse(why: String) -> Failure {
    Failure::new("reading the environment", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(memory: Option<&str>, socket: Option<&str>) -> Result<Option<Settings>, Failure> {
        Settings::parse(memory.map(OsString::from), socket.map(OsString::from))
    }

    #[test]
    fn does_nothing_without_both() {
        assert!(parse(None, None).unwrap().is_none());
    }

    #[test]
    fn takes_two_absolute_paths() {
        let settings = parse(Some("/./m"), Some("/s")).unwrap().unwrap();
        assert_eq!((settings.memory_path, settings.socket_path), ("/m".into(), "/s".into()));
    }

    #[test]
    fn refuses_what_is_incomplete_or_unusable() {
        let long = format!("/{}", "s".repeat(SOCKET_PATH_BYTES_MAX));
        for (memory, socket) in [
            (Some("/m"), None),
            (None, Some("/s")),
            (Some(""), Some("/s")),
            (Some("m"), Some("/s")),
            (Some("/m"), Some("s")),
            (Some("/m"), Some(long.as_str())),
            (Some("/"), Some("/s")),
            (Some("/no such directory/m"), Some("/s")),
        ] {
            assert!(parse(memory, socket).is_err(), "{memory:?} {socket:?}");
        }
    }
}
