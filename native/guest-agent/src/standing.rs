//! What a connection counts as, and the bounds on each.

use crate::bound::{Bound, Permit};
use crate::failure::{AgentError, Failure};
use crate::newcomers::Place;
use crate::wire::error_code::ErrorCode;
use std::time::Duration;

pub const CONNECTIONS_MAX: usize = 256;
/// Clients beyond the bound that are told so; any further are just closed.
const REFUSALS_MAX: usize = 16;

static CONNECTIONS: Bound = Bound::new(CONNECTIONS_MAX);
static REFUSALS: Bound = Bound::new(REFUSALS_MAX);

/// How long the agent reads on after its last frame. Closing a socket with unread data resets the connection, and a
/// reset may overtake the last frame; so the client gets the chance to close first.
pub const LINGER: Duration = Duration::from_secs(30);
/// The same for those who have not shown the token: enough for the ERROR to arrive, too short to be in the host's way.
pub const NEWCOMER_LINGER: Duration = Duration::from_secs(1);

/// Each holds its place until it is dropped.
pub enum Standing {
    /// It has not shown the token.
    Newcomer(Place),
    /// It has, and its operation is performed.
    Served(Permit),
    /// It has, but there are too many.
    Refused(Permit),
    /// It has lost its place, and its connection is shut down.
    Lost,
}

impl Standing {
    pub fn linger(&self) -> Duration {
        match self {
            Standing::Newcomer(_) => NEWCOMER_LINGER,
            Standing::Served(_) | Standing::Refused(_) => LINGER,
            Standing::Lost => Duration::ZERO,
        }
    }

    /// The client has shown the token: it gives up its place among the newcomers for one of the served.
    pub fn promote(&mut self) -> Result<(), Failure> {
        match std::mem::replace(self, Standing::Lost) {
            Standing::Newcomer(place) => match place.leave() {
                true => self.take_place(),
                false => Err(Failure::Lost),
            },
            Standing::Lost => Err(Failure::Lost),
            served_or_refused => {
                *self = served_or_refused;
                Ok(())
            }
        }
    }

    fn take_place(&mut self) -> Result<(), Failure> {
        if let Some(permit) = CONNECTIONS.acquire() {
            *self = Standing::Served(permit);
            return Ok(());
        }
        let permit = REFUSALS.acquire().ok_or(Failure::Lost)?;
        *self = Standing::Refused(permit);
        let message = format!("the agent serves {CONNECTIONS_MAX} connections already");
        Err(AgentError::new(ErrorCode::CapacityExhausted, message).into())
    }
}
