//! The user's rights for the calling thread, for the time of one operation.

use crate::accounts::User;
use crate::failure::{quote, AgentError};
use crate::sys::identity::{current, drop_effective, restore_effective, Identity};
use std::marker::PhantomData;

/// While this lives, the thread acts as the user. It belongs to its thread and cannot be sent to another.
pub struct UserRights {
    own: Identity,
    is_changed: bool,
    _not_send: PhantomData<*const ()>,
}

impl UserRights {
    pub fn assume(user: &User) -> Result<Self, AgentError> {
        let refuse = |error| AgentError::from_kernel(&format!("act as user {}", quote(&user.name)), &error);
        let own = current().map_err(refuse)?;
        // An agent that is not root has no other rights to give than its own user's.
        let is_changed = own.uid == 0 || own.uid != user.identity.uid;
        // Made first: if only a part of the change works, dropping it takes that part back.
        let rights = UserRights { own, is_changed, _not_send: PhantomData };
        if is_changed {
            drop_effective(&user.identity).map_err(refuse)?;
        }
        Ok(rights)
    }
}

impl Drop for UserRights {
    fn drop(&mut self) {
        if self.is_changed && restore_effective(&self.own).is_err() {
            // The saved ids are root's, so this cannot fail. Should it, nothing else may run on this thread.
            loop {
                std::thread::park();
            }
        }
    }
}
