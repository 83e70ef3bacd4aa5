//! The files of `/etc` that name the machine and its DNS servers.

use crate::failure::{quote, AgentError};
use crate::system_file::read_start;
use crate::wire::request::Configure;
use crate::wire::MIB;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;

/// The largest `hosts` the agent edits; a larger one is left alone.
const HOSTS_BYTES_MAX: usize = MIB;

pub fn parse_dns_servers(addresses: &[Vec<u8>]) -> Result<Vec<IpAddr>, AgentError> {
    let parse = |address: &Vec<u8>| std::str::from_utf8(address).ok()?.parse().ok();
    addresses
        .iter()
        .map(|address| {
            let refuse = || AgentError::invalid(format!("DNS server {} must be an IP address", quote(address)));
            parse(address).ok_or_else(refuse)
        })
        .collect()
}

/// Best effort: a read-only `/etc` is not an error. Nothing here waits for another process, whatever the guest has put
/// in these places.
pub fn write_files(etc: &Path, request: &Configure, dns_servers: &[IpAddr]) {
    let _ = replace(&etc.join("hostname"), &[request.host_name.as_slice(), b"\n"].concat());
    let _ = write_hosts(&etc.join("hosts"), &request.host_name);
    let _ = replace(&etc.join("machine-id"), plan_machine_id(&request.machine_id).as_bytes());
    let _ = replace(&etc.join("resolv.conf"), plan_resolv_conf(dns_servers).as_bytes());
}

fn write_hosts(path: &Path, host_name: &[u8]) -> io::Result<()> {
    // What is not a regular file counts as missing, and is replaced.
    let current = read_start(path, HOSTS_BYTES_MAX as u64 + 1).unwrap_or_default();
    if current.len() > HOSTS_BYTES_MAX {
        return Ok(());
    }
    replace(path, &plan_hosts(&current, host_name))
}

/// Renames a new file over the old, so that no program reads half of one. A symlink (systemd's `/etc/resolv.conf`) is
/// replaced, not followed: what it points to may not exist. A file that says the same already stays: a restored machine
/// is the sooner ready.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    if says(path, content) {
        return Ok(());
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".thaw");
    // There may be anything. Opening a FIFO to write waits for a reader, so the file must be a new one.
    let _ = fs::remove_file(&temporary);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn says(path: &Path, content: &[u8]) -> bool {
    let is_symlink = fs::symlink_metadata(path).map_or(true, |metadata| metadata.file_type().is_symlink());
    !is_symlink && read_start(path, content.len() as u64 + 1).map_or(false, |current| current == content)
}

/// Debian's convention: the host's own name is 127.0.1.1. That line is the agent's, all others stay.
fn plan_hosts(current: &[u8], host_name: &[u8]) -> Vec<u8> {
    const OWN_ADDRESS: &[u8] = b"127.0.1.1";
    let is_own = |line: &[u8]| line.split(u8::is_ascii_whitespace).next() == Some(OWN_ADDRESS);
    let mut planned = Vec::new();
    if current.is_empty() {
        planned.extend_from_slice(b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    }
    for line in current.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_own(line)) {
        planned.extend_from_slice(line);
    }
    if !planned.ends_with(b"\n") {
        planned.push(b'\n');
    }
    for part in [OWN_ADDRESS, b"\t", host_name, b"\n"] {
        planned.extend_from_slice(part);
    }
    planned
}

fn plan_machine_id(id: &[u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n"
}

fn plan_resolv_conf(servers: &[IpAddr]) -> String {
    servers.iter().map(|server| format!("nameserver {server}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_only_its_own_line_of_hosts() {
        let current = b"127.0.0.1 localhost\n127.0.1.1 old\n127.0.1.10 other";
        let planned = plan_hosts(current, b"new");
        assert_eq!(planned, b"127.0.0.1 localhost\n127.0.1.10 other\n127.0.1.1\tnew\n");
        assert_eq!(plan_hosts(&planned, b"new"), planned);
    }

    #[test]
    fn writes_localhost_when_there_was_no_file() {
        assert!(plan_hosts(b"", b"new").starts_with(b"127.0.0.1\tlocalhost\n"));
    }

    #[test]
    fn formats_machine_id_and_servers() {
        assert_eq!(plan_machine_id(&[0xab; 16]), "ab".repeat(16) + "\n");
        let servers = parse_dns_servers(&[b"10.0.0.1".to_vec(), b"fd00::1".to_vec()]).unwrap();
        assert_eq!(plan_resolv_conf(&servers), "nameserver 10.0.0.1\nnameserver fd00::1\n");
        assert!(parse_dns_servers(&[b"1.1.1.1\nsearch evil".to_vec()]).is_err());
    }
}
