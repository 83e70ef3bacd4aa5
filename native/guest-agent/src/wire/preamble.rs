//! The first 40 bytes of a connection: magic, version, access token.

pub const PREAMBLE_BYTES: usize = 40;
pub const VERSION: u16 = 1;
pub const TOKEN_BYTES: usize = 32;
const MAGIC: &[u8; 6] = b"THAWGA";

/// An access token. Deliberately without `Debug`: it must never be printed.
#[derive(Clone, Copy)]
pub struct AccessToken(pub [u8; TOKEN_BYTES]);

impl AccessToken {
    /// Compares in a time that does not depend on where the tokens differ.
    pub fn matches(&self, other: &AccessToken) -> bool {
        let mut difference = 0;
        for (ours, theirs) in self.0.iter().zip(other.0.iter()) {
            // SAFETY: a read of a reference. Volatile, so that the optimizer cannot leave the loop early.
            difference |= unsafe { std::ptr::read_volatile(ours) ^ std::ptr::read_volatile(theirs) };
        }
        difference == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreambleError {
    NotThisProtocol,
    UnknownVersion(u16),
}

pub fn decode_preamble(bytes: &[u8; PREAMBLE_BYTES]) -> Result<AccessToken, PreambleError> {
    if &bytes[..6] != MAGIC {
        return Err(PreambleError::NotThisProtocol);
    }
    let version = u16::from_le_bytes([bytes[6], bytes[7]]);
    if version != VERSION {
        return Err(PreambleError::UnknownVersion(version));
    }
    let mut token = [0; TOKEN_BYTES];
    token.copy_from_slice(&bytes[8..]);
    Ok(AccessToken(token))
}

pub fn encode_preamble(token: &AccessToken) -> [u8; PREAMBLE_BYTES] {
    let mut bytes = [0; PREAMBLE_BYTES];
    bytes[..6].copy_from_slice(MAGIC);
    bytes[6..8].copy_from_slice(&VERSION.to_le_bytes());
    bytes[8..].copy_from_slice(&token.0);
    bytes
}
