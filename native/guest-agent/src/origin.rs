//! Where a connection comes from.

use crate::agent::Role;
use std::net::IpAddr;

/// Whether nobody there has business with the agent, so that the connection is dropped unanswered. PID 1 serves its
/// host alone, which comes from another machine's address. Who connects from inside the sandbox can only take places
/// and time from the host. An ordinary process is there for tests, which come from the same machine.
pub fn is_stranger(role: Role, peer: IpAddr, local: IpAddr) -> bool {
    let (peer, local) = (unmapped(peer), unmapped(local));
    role == Role::Init && (peer.is_loopback() || local.is_loopback() || peer == local)
}

/// A listener for IPv6 sees an IPv4 client as `::ffff:a.b.c.d`.
fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_strange(role: Role, peer: &str, local: &str) -> bool {
        is_stranger(role, peer.parse().unwrap(), local.parse().unwrap())
    }

    #[test]
    fn init_knows_nobody_of_its_own_machine() {
        for (peer, local) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.8.8.8", "169.254.0.21"),
            ("169.254.0.21", "127.0.0.1"),
            ("169.254.0.21", "169.254.0.21"),
            ("::1", "::1"),
            ("::ffff:127.0.0.1", "::ffff:169.254.0.21"),
            ("::ffff:169.254.0.21", "169.254.0.21"),
        ] {
            assert!(is_strange(Role::Init, peer, local), "{peer} to {local}");
            assert!(!is_strange(Role::Process, peer, local), "{peer} to {local}");
        }
    }

    #[test]
    fn init_knows_its_host() {
        for peer in ["10.12.0.1", "169.254.0.22", "::ffff:10.12.0.1"] {
            assert!(!is_strange(Role::Init, peer, "169.254.0.21"), "{peer}");
        }
    }
}
