//! The closed set of error codes on the wire.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    InvalidArgument,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    AlreadyExists,
    /// The thing exists but is busy or in a state that forbids this.
    WrongState,
    PayloadTooLarge,
    /// No space left, too many files or processes.
    CapacityExhausted,
    Unimplemented,
    /// The agent has not been configured.
    Unavailable,
    Internal,
}

impl ErrorCode {
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorCode::InvalidArgument => "invalid_argument",
            ErrorCode::Unauthenticated => "unauthenticated",
            ErrorCode::PermissionDenied => "permission_denied",
            ErrorCode::NotFound => "not_found",
            ErrorCode::AlreadyExists => "already_exists",
            ErrorCode::WrongState => "wrong_state",
            ErrorCode::PayloadTooLarge => "payload_too_large",
            ErrorCode::CapacityExhausted => "capacity_exhausted",
            ErrorCode::Unimplemented => "unimplemented",
            ErrorCode::Unavailable => "unavailable",
            ErrorCode::Internal => "internal",
        }
    }
}
