//! One connection: preamble, token, request, then its operation.

use crate::agent::{Agent, Settings};
use crate::client::Client;
use crate::failure::{AgentError, Failure};
use crate::wire::error_code::ErrorCode;
use crate::wire::frame::{kind, PAYLOAD_BYTES_MAX};
use crate::wire::preamble::{decode_preamble, AccessToken, PreambleError, PREAMBLE_BYTES};
use crate::wire::reply::encode_pong;
use crate::wire::request::{operation, Request, RequestError};
use crate::wire::KIB;
use crate::{configure, exec, files};
use std::time::{Duration, Instant};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// While there is no token to check, anybody can make the agent hold so much. Twice what a configuration needs whose
/// environment is as large as the platform allows.
const UNCONFIGURED_REQUEST_BYTES_MAX: usize = 256 * KIB;

pub fn serve(agent: &'static Agent, mut client: Client) {
    match receive_request(agent, &mut client) {
        Ok(Request::Exec(request)) => exec::serve(agent, client, request),
        Ok(request) => {
            let result = perform(agent, &mut client, request);
            client.conclude(result);
        }
        Err(failure) => client.conclude(Err(failure)),
    }
}

/// Performs any operation but `exec`; returns the payload of DONE.
fn perform(agent: &Agent, client: &mut Client, request: Request) -> Result<Vec<u8>, Failure> {
    match request {
        Request::Configure(request) => Ok(configure::configure(agent, client, &request).map(|()| Vec::new())?),
        Request::Ping => Ok(encode_pong(env!("CARGO_PKG_VERSION"), agent.uptime_ms())),
        Request::ReadFile(request) => files::read::read_file(client, &request),
        Request::WriteFile(request) => files::write::write_file(client, &request),
        Request::Stat(request) => Ok(files::stat::stat(&request)?),
        Request::List(request) => files::list::list(client, &request),
        Request::Mkdir(request) => Ok(files::mkdir::mkdir(&request)?),
        Request::Move(request) => Ok(files::relocate::relocate(&request)?),
        Request::Remove(request) => Ok(files::remove::remove(&request)?),
        Request::Exec(_) => Err(AgentError::new(ErrorCode::Internal, "exec has its own path").into()),
    }
}

fn receive_request(agent: &'static Agent, client: &mut Client) -> Result<Request, Failure> {
    let deadline = Some(Instant::now() + REQUEST_TIMEOUT);
    let mut preamble = [0; PREAMBLE_BYTES];
    client.receive_exact(&mut preamble, deadline)?;
    let token = decode_preamble(&preamble).map_err(refuse_preamble)?;
    // Before any of the request is read: a stranger learns nothing, and the agent holds nothing for it.
    let is_known = knows(&agent.settings(), &token)?;
    let request_bytes_max = if is_known { PAYLOAD_BYTES_MAX } else { UNCONFIGURED_REQUEST_BYTES_MAX };
    if is_known {
        client.promote()?;
    }
    let frame = client.receive(request_bytes_max, deadline)?;
    if frame.kind != kind::REQUEST {
        return Err(AgentError::invalid("the first frame must be a request").into());
    }
    {
        // Again, because a configuration may have replaced the token in between. None can until the operation has begun,
        // so that it ends every operation of an earlier token.
        let settings = agent.settings();
        authorize(&settings, &token, frame.payload.first())?;
        client.promote()?;
        client.begin(&agent.operations)?;
    }
    let request = Request::decode(&frame.payload).map_err(refuse_request)?;
    client.socket.set_read_timeout(None).map_err(|_| Failure::Lost)?;
    Ok(request)
}

/// False for every token as long as none is configured.
fn knows(settings: &Option<Settings>, token: &AccessToken) -> Result<bool, AgentError> {
    match settings {
        Some(settings) if settings.token.matches(token) => Ok(true),
        Some(_) => Err(AgentError::new(ErrorCode::Unauthenticated, "the access token is wrong")),
        None => Ok(false),
    }
}

/// Whether this token may perform this operation.
fn authorize(settings: &Option<Settings>, token: &AccessToken, operation: Option<&u8>) -> Result<(), AgentError> {
    if knows(settings, token)? || operation == Some(&operation::CONFIGURE) {
        return Ok(());
    }
    Err(AgentError::new(ErrorCode::Unavailable, "the agent has not been configured"))
}

fn refuse_preamble(error: PreambleError) -> AgentError {
    AgentError::invalid(match error {
        PreambleError::NotThisProtocol => {
            "the connection does not start with the guest protocol's preamble".to_string()
        }
        PreambleError::UnknownVersion(version) => format!("protocol version {version} is unknown; this is version 1"),
    })
}

fn refuse_request(error: RequestError) -> AgentError {
    match error {
        RequestError::Malformed(reason) => AgentError::invalid(format!("the request is malformed: {reason}")),
        RequestError::UnknownOperation(number) => {
            AgentError::new(ErrorCode::Unimplemented, format!("operation {number} is unknown"))
        }
    }
}
