import { closeSync, openSync } from "node:fs"

import koffi from "koffi"

const CLONE_NEWNET = 0x4000_0000
const TUNSETIFF = 0x4004_54ca
const IFF_TAP = 0x0002
const IFF_NO_PI = 0x1000
const IFREQ_BYTES = 40
const IFREQ_FLAGS_OFFSET = 16

const libc = koffi.load("libc.so.6")
const setns = libc.func("int setns(int fd, int nstype)") as (fd: number, type: number) => number
const ioctl = libc.func("int ioctl(int fd, unsigned long request, uint8_t *arg)") as (
  fd: number,
  request: number,
  arg: Uint8Array,
) => number

/** Opens a tap device as a VMM does, making it when it does not exist; the descriptor carries Ethernet frames */
export function openTap(name: string): number {
  const fd = openSync("/dev/net/tun", "r+")
  const request = Buffer.alloc(IFREQ_BYTES)
  request.write(name)
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI, IFREQ_FLAGS_OFFSET)
  if (ioctl(fd, TUNSETIFF, request) !== 0)
    throw new Error(`could not open tap "${name}": errno ${koffi.errno()}`)
  return fd
}

/** Runs synchronous code with the main thread in another network namespace */
export function inNamespace<T>(namespace: string, code: () => T): T {
  const home = openSync("/proc/thread-self/ns/net", "r")
  const there = openSync(`/run/netns/${namespace}`, "r")
  try {
    enter(there)
    return code()
  } finally {
    enter(home)
    closeSync(there)
    closeSync(home)
  }
}

function enter(fd: number): void {
  if (setns(fd, CLONE_NEWNET) !== 0) throw new Error(`could not enter a namespace: errno ${koffi.errno()}`)
}
