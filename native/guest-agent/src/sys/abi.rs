//! What this agent uses of libc: functions, structures and constants of Linux on 64-bit machines.

use std::os::raw::{c_char, c_int, c_long, c_uint, c_ulong, c_void};

pub const EINVAL: i32 = 22;

pub const AT_FDCWD: c_int = -100;
pub const AT_REMOVEDIR: c_int = 0x200;
pub const O_RDONLY: c_int = 0;
pub const O_RDWR: c_int = 2;
pub const O_NOCTTY: c_int = 0o400;
pub const O_NONBLOCK: c_int = 0o4000;
pub const O_CLOEXEC: c_int = 0o2000000;
#[cfg(target_arch = "x86_64")]
pub const O_DIRECTORY: c_int = 0o200000;
#[cfg(target_arch = "x86_64")]
pub const O_NOFOLLOW: c_int = 0o400000;
#[cfg(target_arch = "aarch64")]
pub const O_DIRECTORY: c_int = 0o40000;
#[cfg(target_arch = "aarch64")]
pub const O_NOFOLLOW: c_int = 0o100000;

pub const F_GETFL: c_int = 3;
pub const F_SETFL: c_int = 4;

pub const P_ALL: c_int = 0;
pub const WNOHANG: c_int = 1;
pub const WEXITED: c_int = 4;
pub const WNOWAIT: c_int = 0x0100_0000;

pub const SIG_DFL: usize = 0;
pub const SIG_IGN: usize = 1;
pub const SIG_SETMASK: c_int = 2;

pub const FIONREAD: c_ulong = 0x541b;
pub const TIOCSCTTY: c_ulong = 0x540e;
pub const TIOCSWINSZ: c_ulong = 0x5414;
/// `_IOR('T', 0x30, unsigned int)`: the number of the terminal's slave.
pub const TIOCGPTN: c_ulong = 0x8004_5430;
/// `_IOW('T', 0x31, int)`: 0 unlocks the slave.
pub const TIOCSPTLCK: c_ulong = 0x4004_5431;
/// `_IOW('R', 0x03, int[2])`: mixes bytes into the pool and credits them.
pub const RNDADDENTROPY: c_ulong = 0x4008_5203;
/// `_IO('R', 0x07)`: reseeds the generator from the pool at once.
pub const RNDRESEEDCRNG: c_ulong = 0x5207;

pub const RLIMIT_NOFILE: c_int = 7;
pub const CLOCK_REALTIME: c_int = 0;
pub const CLOSE_RANGE_CLOEXEC: c_uint = 4;

pub const SOL_SOCKET: c_int = 1;
pub const SO_KEEPALIVE: c_int = 9;
pub const IPPROTO_TCP: c_int = 6;
pub const TCP_KEEPIDLE: c_int = 4;
pub const TCP_KEEPINTVL: c_int = 5;
pub const TCP_KEEPCNT: c_int = 6;

pub const AF_INET: c_int = 2;
pub const SOCK_DGRAM_CLOEXEC: c_int = 2 | 0o2000000;
pub const SIOCGIFFLAGS: c_ulong = 0x8913;
pub const SIOCSIFFLAGS: c_ulong = 0x8914;
pub const IFF_UP: i16 = 1;

#[cfg(target_arch = "x86_64")]
pub mod number {
    use std::os::raw::c_long;
    pub const RT_SIGACTION: c_long = 13;
    pub const SETGROUPS: c_long = 116;
    pub const SETRESUID: c_long = 117;
    pub const SETRESGID: c_long = 119;
    pub const GETDENTS64: c_long = 217;
    pub const RENAMEAT2: c_long = 316;
    pub const CLOSE_RANGE: c_long = 436;
}
#[cfg(target_arch = "aarch64")]
pub mod number {
    use std::os::raw::c_long;
    pub const GETDENTS64: c_long = 61;
    pub const RT_SIGACTION: c_long = 134;
    pub const SETRESUID: c_long = 147;
    pub const SETRESGID: c_long = 149;
    pub const SETGROUPS: c_long = 159;
    pub const RENAMEAT2: c_long = 276;
    pub const CLOSE_RANGE: c_long = 436;
}

#[repr(C)]
pub struct PollFd {
    pub fd: c_int,
    pub events: i16,
    pub revents: i16,
}

#[repr(C)]
pub struct Timespec {
    pub seconds: i64,
    pub nanoseconds: i64,
}

#[repr(C)]
pub struct WindowSize {
    pub rows: u16,
    pub columns: u16,
    pub width_px: u16,
    pub height_px: u16,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ResourceLimit {
    pub soft: u64,
    pub hard: u64,
}

/// `siginfo_t` as `waitid` fills it: 128 bytes, the pid at offset 16.
#[repr(C, align(8))]
pub struct WaitInfo {
    pub signal: c_int,
    pub errno: c_int,
    pub code: c_int,
    pub padding: c_int,
    pub pid: c_int,
    pub rest: [u8; 108],
}

/// `struct ifreq` with the flags member of its union: 40 bytes.
#[repr(C, align(8))]
pub struct InterfaceRequest {
    pub name: [u8; 16],
    pub flags: i16,
    pub rest: [u8; 22],
}

extern "C" {
    pub fn syscall(number: c_long, ...) -> c_long;
    pub fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
    pub fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
    pub fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    pub fn openat(directory: c_int, path: *const c_char, flags: c_int, ...) -> c_int;
    pub fn unlinkat(directory: c_int, path: *const c_char, flags: c_int) -> c_int;
    pub fn pipe2(fds: *mut c_int, flags: c_int) -> c_int;
    pub fn eventfd(value: c_uint, flags: c_int) -> c_int;
    pub fn read(fd: c_int, buffer: *mut c_void, size: usize) -> isize;
    pub fn write(fd: c_int, buffer: *const c_void, size: usize) -> isize;
    pub fn dup2(from: c_int, to: c_int) -> c_int;
    pub fn fchown(fd: c_int, uid: c_uint, gid: c_uint) -> c_int;
    pub fn fchmod(fd: c_int, mode: c_uint) -> c_int;
    pub fn futimens(fd: c_int, times: *const Timespec) -> c_int;
    pub fn umask(mode: c_uint) -> c_uint;
    pub fn poll(fds: *mut PollFd, count: c_ulong, timeout_ms: c_int) -> c_int;
    pub fn fork() -> c_int;
    pub fn execve(path: *const c_char, argv: *const *const c_char, envp: *const *const c_char) -> c_int;
    pub fn _exit(code: c_int) -> !;
    pub fn setsid() -> c_int;
    pub fn chdir(path: *const c_char) -> c_int;
    pub fn kill(pid: c_int, signal: c_int) -> c_int;
    pub fn waitid(kind: c_int, id: c_uint, info: *mut WaitInfo, options: c_int) -> c_int;
    pub fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    pub fn getpid() -> c_int;
    pub fn geteuid() -> c_uint;
    pub fn getegid() -> c_uint;
    pub fn getgroups(count: c_int, list: *mut c_uint) -> c_int;
    pub fn signal(signal: c_int, handler: usize) -> usize;
    pub fn sigprocmask(how: c_int, set: *const [u64; 16], old: *mut [u64; 16]) -> c_int;
    pub fn getrlimit(resource: c_int, limit: *mut ResourceLimit) -> c_int;
    pub fn setrlimit(resource: c_int, limit: *const ResourceLimit) -> c_int;
    pub fn clock_settime(clock: c_int, time: *const Timespec) -> c_int;
    pub fn sethostname(name: *const c_char, size: usize) -> c_int;
    pub fn mount(
        source: *const c_char,
        target: *const c_char,
        kind: *const c_char,
        flags: c_ulong,
        data: *const c_void,
    ) -> c_int;
    pub fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    pub fn setsockopt(fd: c_int, level: c_int, name: c_int, value: *const c_void, size: c_uint) -> c_int;
    pub fn getrandom(buffer: *mut c_void, size: usize, flags: c_uint) -> isize;
}
