//! `configure`: makes a fresh or resumed machine this sandbox.

pub mod etc;
mod host_name;

use crate::agent::{Agent, Role, Settings};
use crate::client::Client;
use crate::failure::AgentError;
use crate::sys::clock::set_wall_clock;
use crate::sys::entropy::add_entropy;
use crate::sys::machine::set_host_name;
use crate::wire::preamble::AccessToken;
use crate::wire::request::Configure;
use std::path::Path;
use std::sync::Arc;

pub fn configure(agent: &Agent, client: &Client, request: &Configure) -> Result<(), AgentError> {
    host_name::validate(&request.host_name)?;
    let dns_servers = etc::parse_dns_servers(&request.dns_servers)?;
    if let Some(environment) = &request.environment {
        crate::exec::environment::validate(environment)?;
    }
    // Held to the end: two configurations at once would mix.
    let mut settings = agent.settings();
    if agent.role == Role::Init {
        apply_to_machine(request, &dns_servers)?;
    }
    let environment = match (&request.environment, settings.take()) {
        (Some(environment), _) => Arc::new(environment.clone()),
        (None, Some(before)) => before.environment,
        (None, None) => Arc::default(),
    };
    *settings = Some(Settings { token: AccessToken(request.token), environment });
    client.cut_others();
    Ok(())
}

/// Entropy first: a machine resumed from a snapshot must not draw one number more from the state its twins share.
fn apply_to_machine(request: &Configure, dns_servers: &[std::net::IpAddr]) -> Result<(), AgentError> {
    add_entropy(&request.entropy).map_err(|error| AgentError::from_kernel("add entropy", &error))?;
    set_wall_clock(request.wall_clock_ns).map_err(|error| AgentError::from_kernel("set the clock", &error))?;
    set_host_name(&request.host_name).map_err(|error| AgentError::from_kernel("set the host name", &error))?;
    etc::write_files(Path::new("/etc"), request, dns_servers);
    Ok(())
}
