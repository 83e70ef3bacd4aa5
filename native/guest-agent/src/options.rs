//! The command line.

use crate::agent::Role;
use std::net::{IpAddr, Ipv4Addr};

pub const PORT: u16 = 49983;

#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// 0: any free port, printed on standard output as `listening <port>`.
    pub port: u16,
    pub listen: IpAddr,
    /// `--no-init` makes it an ordinary process.
    pub role: Role,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Startup {
    Run(Options),
    ShowVersion,
}

impl Startup {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options { port: PORT, listen: IpAddr::V4(Ipv4Addr::UNSPECIFIED), role: Role::Init };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--port" => options.port = parse(&argument, &value()?)?,
                "--listen" => options.listen = parse(&argument, &value()?)?,
                "--no-init" => options.role = Role::Process,
                "--version" => return Ok(Startup::ShowVersion),
                _ => return Err(format!("unknown option {argument:?}")),
            }
        }
        Ok(Startup::Run(options))
    }
}

fn parse<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} has an invalid value {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Startup, String> {
        Startup::parse(arguments.iter().map(|argument| argument.to_string()))
    }

    #[test]
    fn parses_the_command_line() {
        let options = Options { port: 0, listen: "127.0.0.1".parse().unwrap(), role: Role::Process };
        assert_eq!(parse(&["--port", "0", "--listen", "127.0.0.1", "--no-init"]), Ok(Startup::Run(options)));
        assert_eq!(parse(&["--version"]), Ok(Startup::ShowVersion));
        assert_eq!(parse(&["--port"]), Err("--port needs a value".into()));
        assert_eq!(parse(&["--port", "x"]), Err("--port has an invalid value \"x\"".into()));
        assert!(parse(&["--wat"]).is_err());
    }
}
