//! The environment of a new process.

use crate::accounts::User;
use crate::failure::{quote, AgentError};
use crate::wire::request::Pair;

/// What Debian gives root; a user's programs may be anywhere in it too.
const PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Refuses what execve would misunderstand.
pub fn validate(pairs: &[Pair]) -> Result<(), AgentError> {
    for (name, value) in pairs {
        if name.is_empty() || name.contains(&b'=') || name.contains(&0) {
            return Err(AgentError::invalid(format!(
                "environment variable name {} must be neither empty nor contain \"=\" or NUL",
                quote(name)
            )));
        }
        if value.contains(&0) {
            let name = quote(name);
            return Err(AgentError::invalid(format!("environment variable {name} must not contain NUL")));
        }
    }
    Ok(())
}

/// Each name once, at the place of its first mention; later values win: the user's own, the configured, the request's.
pub fn plan_environment(user: &User, has_terminal: bool, configured: &[Pair], requested: &[Pair]) -> Vec<Pair> {
    let mut own: Vec<(&[u8], &[u8])> = vec![
        (b"PATH", PATH),
        (b"HOME", &user.home),
        (b"USER", &user.name),
        (b"LOGNAME", &user.name),
        (b"SHELL", &user.shell),
        (b"LANG", b"C.UTF-8"),
    ];
    if has_terminal {
        own.push((b"TERM", b"xterm-256color"));
    }
    let mut planned: Vec<Pair> = own.into_iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    let mut places: std::collections::HashMap<Vec<u8>, usize> =
        planned.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
    for (name, value) in configured.iter().chain(requested) {
        let place = *places.entry(name.clone()).or_insert(planned.len());
        if place == planned.len() {
            planned.push((name.clone(), value.clone()));
        } else {
            planned[place].1 = value.clone();
        }
    }
    planned
}

/// The value of a name, if it is set.
pub fn value_of<'a>(environment: &'a [Pair], name: &[u8]) -> Option<&'a [u8]> {
    let found = environment.iter().find(|(candidate, _)| candidate == name);
    found.map(|(_, value)| value.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> Pair {
        (name.into(), value.into())
    }

    #[test]
    fn later_values_win() {
        let configured = [pair("LANG", "de_DE.UTF-8"), pair("A", "1"), pair("B", "1")];
        let requested = [pair("B", "2"), pair("PATH", "/x"), pair("B", "3")];
        let planned = plan_environment(&User::root(), false, &configured, &requested);
        for (name, value) in [("LANG", "de_DE.UTF-8"), ("A", "1"), ("B", "3"), ("PATH", "/x"), ("HOME", "/root")] {
            assert_eq!(value_of(&planned, name.as_bytes()), Some(value.as_bytes()), "{name}");
        }
        assert_eq!(value_of(&planned, b"TERM"), None);
        assert_eq!(planned.len(), 8);
    }

    #[test]
    fn a_terminal_has_a_type() {
        let planned = plan_environment(&User::root(), true, &[], &[]);
        assert_eq!(value_of(&planned, b"TERM"), Some(b"xterm-256color".as_slice()));
    }

    #[test]
    fn refuses_names_that_are_none() {
        for name in ["", "A=B", "A\0"] {
            assert!(validate(&[pair(name, "")]).is_err(), "{name:?}");
        }
        assert!(validate(&[pair("A", "\0")]).is_err());
        assert!(validate(&[pair("A", "=")]).is_ok());
    }
}
