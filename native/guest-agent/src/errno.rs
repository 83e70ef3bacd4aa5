//! The kernel's error numbers as error codes of the protocol. This is the only such table.

use crate::wire::error_code::ErrorCode;
use std::io;

pub const EPERM: i32 = 1;
pub const ENOENT: i32 = 2;
pub const ESRCH: i32 = 3;
pub const E2BIG: i32 = 7;
pub const ENOEXEC: i32 = 8;
pub const EAGAIN: i32 = 11;
pub const ENOMEM: i32 = 12;
pub const EACCES: i32 = 13;
pub const EBUSY: i32 = 16;
pub const EEXIST: i32 = 17;
pub const EXDEV: i32 = 18;
pub const ENOTDIR: i32 = 20;
pub const EISDIR: i32 = 21;
pub const EINVAL: i32 = 22;
pub const ENFILE: i32 = 23;
pub const EMFILE: i32 = 24;
pub const ETXTBSY: i32 = 26;
pub const EFBIG: i32 = 27;
pub const ENOSPC: i32 = 28;
pub const EROFS: i32 = 30;
pub const EMLINK: i32 = 31;
pub const ENAMETOOLONG: i32 = 36;
pub const ENOSYS: i32 = 38;
pub const ENOTEMPTY: i32 = 39;
pub const ELOOP: i32 = 40;
pub const EOPNOTSUPP: i32 = 95;
pub const EDQUOT: i32 = 122;

pub fn error_code(error: &io::Error) -> ErrorCode {
    match error.raw_os_error() {
        Some(number) => number_code(number),
        // The standard library's own refusals: a path with a NUL byte and the like.
        None if error.kind() == io::ErrorKind::InvalidInput => ErrorCode::InvalidArgument,
        None => ErrorCode::Internal,
    }
}

fn number_code(number: i32) -> ErrorCode {
    match number {
        // ENOTDIR: a component of the path is a file, so that what the path names cannot exist.
        ENOENT | ENOTDIR | ESRCH => ErrorCode::NotFound,
        EPERM | EACCES | EROFS | ENOEXEC => ErrorCode::PermissionDenied,
        EEXIST | ENOTEMPTY => ErrorCode::AlreadyExists,
        EINVAL | EISDIR | EXDEV | ELOOP | ENAMETOOLONG => ErrorCode::InvalidArgument,
        ENOSPC | EDQUOT | ENOMEM | EAGAIN | EMFILE | ENFILE | EMLINK => ErrorCode::CapacityExhausted,
        E2BIG | EFBIG => ErrorCode::PayloadTooLarge,
        EBUSY | ETXTBSY => ErrorCode::WrongState,
        ENOSYS | EOPNOTSUPP => ErrorCode::Unimplemented,
        _ => ErrorCode::Internal,
    }
}

/// The kernel's words, lower case, without the number that the standard library appends.
pub fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => "unknown error".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(number: i32) -> &'static str {
        error_code(&io::Error::from_raw_os_error(number)).as_str()
    }

    #[test]
    fn maps_numbers_to_codes() {
        for (number, code) in [
            (ENOENT, "not_found"),
            (ENOTDIR, "not_found"),
            (EACCES, "permission_denied"),
            (EPERM, "permission_denied"),
            (EROFS, "permission_denied"),
            (EEXIST, "already_exists"),
            (ENOTEMPTY, "already_exists"),
            (EISDIR, "invalid_argument"),
            (ELOOP, "invalid_argument"),
            (ENOSPC, "capacity_exhausted"),
            (EDQUOT, "capacity_exhausted"),
            (EMFILE, "capacity_exhausted"),
            (EAGAIN, "capacity_exhausted"),
            (E2BIG, "payload_too_large"),
            (ETXTBSY, "wrong_state"),
            (ENOSYS, "unimplemented"),
            (5, "internal"),
        ] {
            assert_eq!(code_of(number), code, "errno {number}");
        }
    }

    #[test]
    fn describes_in_lower_case() {
        assert_eq!(describe(&io::Error::from_raw_os_error(ENOSPC)), "no space left on device");
    }
}
