//! Requests: one structure for each operation, decoded and encoded field by field in the order of the specification.

use super::decoder::{Decoded, Decoder};
use super::encoder::Encoder;
use super::preamble::TOKEN_BYTES;

pub type Pair = (Vec<u8>, Vec<u8>);

/// Operation numbers.
pub mod operation {
    pub const CONFIGURE: u8 = 1;
    pub const EXEC: u8 = 2;
    pub const READ_FILE: u8 = 3;
    pub const WRITE_FILE: u8 = 4;
    pub const STAT: u8 = 5;
    pub const LIST: u8 = 6;
    pub const MKDIR: u8 = 7;
    pub const MOVE: u8 = 8;
    pub const REMOVE: u8 = 9;
    pub const PING: u8 = 10;
}

// No `Debug`: token, entropy and environment must never be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Configure {
    pub token: [u8; TOKEN_BYTES],
    pub host_name: Vec<u8>,
    pub machine_id: [u8; 16],
    /// Unix time.
    pub wall_clock_ns: u64,
    /// 32 to 512 bytes.
    pub entropy: Vec<u8>,
    /// None: the configured environment stays as it is.
    pub environment: Option<Vec<Pair>>,
    pub dns_servers: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Exec {
    pub argv: Vec<Vec<u8>>,
    pub environment: Vec<Pair>,
    pub cwd: Vec<u8>,
    pub user: Vec<u8>,
    /// Columns and rows.
    pub pty: Option<(u16, u16)>,
    pub stdin: bool,
    /// 0: none.
    pub timeout_ms: u64,
    pub kill_on_disconnect: bool,
}

#[derive(Clone, PartialEq, Eq)]
pub struct ReadFile {
    pub path: Vec<u8>,
    pub user: Vec<u8>,
    pub offset_bytes: u64,
    pub length_bytes: Option<u64>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct WriteFile {
    pub path: Vec<u8>,
    pub user: Vec<u8>,
    pub mode: Option<u32>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Stat {
    pub path: Vec<u8>,
    pub user: Vec<u8>,
    pub follow_symlink: bool,
}

#[derive(Clone, PartialEq, Eq)]
pub struct List {
    pub path: Vec<u8>,
    pub user: Vec<u8>,
    pub entries_max: u32,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Mkdir {
    pub path: Vec<u8>,
    pub user: Vec<u8>,
    pub mode: Option<u32>,
    pub parents: bool,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Move {
    pub from: Vec<u8>,
    pub to: Vec<u8>,
    pub user: Vec<u8>,
    pub overwrite: bool,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Remove {
    pub path: Vec<u8>,
    pub user: Vec<u8>,
    pub recursive: bool,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Request {
    Configure(Configure),
    Exec(Exec),
    ReadFile(ReadFile),
    WriteFile(WriteFile),
    Stat(Stat),
    List(List),
    Mkdir(Mkdir),
    Move(Move),
    Remove(Remove),
    Ping,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestError {
    UnknownOperation(u8),
    Malformed(&'static str),
}

impl From<&'static str> for RequestError {
    fn from(reason: &'static str) -> Self {
        RequestError::Malformed(reason)
    }
}

impl Request {
    pub fn decode(payload: &[u8]) -> Result<Self, RequestError> {
        let mut decoder = Decoder::new(payload);
        let request = match decoder.u8()? {
            operation::CONFIGURE => decode_configure(&mut decoder).map(Request::Configure)?,
            operation::EXEC => decode_exec(&mut decoder).map(Request::Exec)?,
            operation::READ_FILE => Request::ReadFile(ReadFile {
                path: decoder.bytes()?,
                user: decoder.bytes()?,
                offset_bytes: decoder.u64()?,
                length_bytes: decoder.option(Decoder::u64)?,
            }),
            operation::WRITE_FILE => Request::WriteFile(WriteFile {
                path: decoder.bytes()?,
                user: decoder.bytes()?,
                mode: decoder.option(decode_mode)?,
            }),
            operation::STAT => {
                Request::Stat(Stat { path: decoder.bytes()?, user: decoder.bytes()?, follow_symlink: decoder.bool()? })
            }
            operation::LIST => {
                Request::List(List { path: decoder.bytes()?, user: decoder.bytes()?, entries_max: decoder.u32()? })
            }
            operation::MKDIR => Request::Mkdir(Mkdir {
                path: decoder.bytes()?,
                user: decoder.bytes()?,
                mode: decoder.option(decode_mode)?,
                parents: decoder.bool()?,
            }),
            operation::MOVE => Request::Move(Move {
                from: decoder.bytes()?,
                to: decoder.bytes()?,
                user: decoder.bytes()?,
                overwrite: decoder.bool()?,
            }),
            operation::REMOVE => {
                Request::Remove(Remove { path: decoder.bytes()?, user: decoder.bytes()?, recursive: decoder.bool()? })
            }
            operation::PING => Request::Ping,
            other => return Err(RequestError::UnknownOperation(other)),
        };
        decoder.finish()?;
        Ok(request)
    }

    pub fn encode(&self) -> Vec<u8> {
        let encoder = Encoder::new();
        match self {
            Request::Configure(request) => encode_configure(encoder.u8(operation::CONFIGURE), request),
            Request::Exec(request) => encode_exec(encoder.u8(operation::EXEC), request),
            Request::ReadFile(request) => encoder
                .u8(operation::READ_FILE)
                .bytes(&request.path)
                .bytes(&request.user)
                .u64(request.offset_bytes)
                .option(&request.length_bytes, |encoder, length| encoder.u64(*length)),
            Request::WriteFile(request) => encoder
                .u8(operation::WRITE_FILE)
                .bytes(&request.path)
                .bytes(&request.user)
                .option(&request.mode, |encoder, mode| encoder.u32(*mode)),
            Request::Stat(request) => {
                encoder.u8(operation::STAT).bytes(&request.path).bytes(&request.user).bool(request.follow_symlink)
            }
            Request::List(request) => {
                encoder.u8(operation::LIST).bytes(&request.path).bytes(&request.user).u32(request.entries_max)
            }
            Request::Mkdir(request) => encoder
                .u8(operation::MKDIR)
                .bytes(&request.path)
                .bytes(&request.user)
                .option(&request.mode, |encoder, mode| encoder.u32(*mode))
                .bool(request.parents),
            Request::Move(request) => encoder
                .u8(operation::MOVE)
                .bytes(&request.from)
                .bytes(&request.to)
                .bytes(&request.user)
                .bool(request.overwrite),
            Request::Remove(request) => {
                encoder.u8(operation::REMOVE).bytes(&request.path).bytes(&request.user).bool(request.recursive)
            }
            Request::Ping => encoder.u8(operation::PING),
        }
        .finish()
    }
}

fn decode_mode(decoder: &mut Decoder) -> Decoded<u32> {
    match decoder.u32()? {
        mode if mode <= 0o7777 => Ok(mode),
        _ => Err("a mode has more than the permission bits"),
    }
}

fn decode_configure(decoder: &mut Decoder) -> Decoded<Configure> {
    let request = Configure {
        token: decoder.fixed_bytes()?,
        host_name: decoder.bytes()?,
        machine_id: decoder.fixed_bytes()?,
        wall_clock_ns: decoder.u64()?,
        entropy: decoder.bytes()?,
        environment: decoder.option(|decoder| decoder.list(Decoder::pair))?,
        dns_servers: decoder.list(Decoder::bytes)?,
    };
    if !(32..=512).contains(&request.entropy.len()) {
        return Err("entropy must have 32 to 512 bytes");
    }
    Ok(request)
}

fn encode_configure(encoder: Encoder, request: &Configure) -> Encoder {
    encoder
        .bytes(&request.token)
        .bytes(&request.host_name)
        .bytes(&request.machine_id)
        .u64(request.wall_clock_ns)
        .bytes(&request.entropy)
        .option(&request.environment, |encoder, pairs| encoder.list(pairs, Encoder::pair))
        .list(&request.dns_servers, |encoder, server| encoder.bytes(server))
}

fn decode_exec(decoder: &mut Decoder) -> Decoded<Exec> {
    Ok(Exec {
        argv: decoder.list(Decoder::bytes)?,
        environment: decoder.list(Decoder::pair)?,
        cwd: decoder.bytes()?,
        user: decoder.bytes()?,
        pty: decoder.option(|decoder| Ok((decoder.u16()?, decoder.u16()?)))?,
        stdin: decoder.bool()?,
        timeout_ms: decoder.u64()?,
        kill_on_disconnect: decoder.bool()?,
    })
}

fn encode_exec(encoder: Encoder, request: &Exec) -> Encoder {
    encoder
        .list(&request.argv, |encoder, argument| encoder.bytes(argument))
        .list(&request.environment, Encoder::pair)
        .bytes(&request.cwd)
        .bytes(&request.user)
        .option(&request.pty, |encoder, (columns, rows)| encoder.u16(*columns).u16(*rows))
        .bool(request.stdin)
        .u64(request.timeout_ms)
        .bool(request.kill_on_disconnect)
}
