//! `exec`: starting a process and carrying its input, output and end over one connection.
//!
//! `plan` decides (environment, program candidates, directory), `spawn` and `child` act on the two sides of the fork, and
//! `session` is the loop that serves the process until it has ended and nobody holds its pipes.

mod child;
mod command;
pub mod environment;
mod input;
mod outbox;
mod output;
mod plan;
mod program_path;
mod session;
mod spawn;

use crate::accounts::Accounts;
use crate::agent::Agent;
use crate::client::Client;
use crate::failure::AgentError;
use crate::wire::request::Exec;
use session::Session;

pub fn serve(agent: &'static Agent, client: Client, request: Exec) {
    match start(agent, &request) {
        Ok(process) => Session::new(client, process, &request).run(),
        Err(error) => client.conclude(Err(error.into())),
    }
}

fn start(agent: &Agent, request: &Exec) -> Result<spawn::Process, AgentError> {
    let user = Accounts::load().user(&request.user)?;
    let plan = plan::plan_exec(request, user, &agent.configured_environment())?;
    spawn::spawn(agent, &plan)
}
