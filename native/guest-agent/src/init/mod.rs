//! What PID 1 sets up before it serves. Nothing here is fatal: a sandbox whose agent answers can be repaired, one whose
//! PID 1 has ended cannot. Powering off is the VMM's business, so no signal ends the agent.

mod devices;
mod mounts;

use crate::sys::machine::bring_up_loopback;
use crate::sys::signals;
use std::io::{self, Write};

pub fn prepare_machine() {
    for signal in [signals::SIGTERM, signals::SIGINT, signals::SIGHUP] {
        signals::ignore(signal);
    }
    mounts::mount_missing();
    devices::link_standard_descriptors();
    report("bring up lo", bring_up_loopback());
}

/// Says on the console what failed.
fn report(action: &str, result: io::Result<()>) {
    if let Err(error) = result {
        let _ = writeln!(io::stderr(), "thaw guest-agent: cannot {action}: {error}");
    }
}
