import { chmodSync, lchownSync, lstatSync, rmSync } from "node:fs"

import { closeDescriptor } from "../libc/close-descriptor.ts"
import { bindLibc } from "../libc/libc.ts"
import { O_CLOEXEC, O_NONBLOCK } from "../libc/open-flags.ts"
import { SystemError, errnoName, lastErrno } from "../libc/system-error.ts"
import { AF_UNIX, SOCK_STREAM, encodeSocketAddress } from "./socket-address.ts"

type AddressCall = (fd: number, address: Buffer, bytes: number) => number

const socket = bindLibc("int socket(int domain, int type, int protocol)") as (
  domain: number,
  type: number,
  protocol: number,
) => number
const bind = bindLibc("int bind(int fd, void *address, unsigned int bytes)") as AddressCall
const connect = bindLibc("int connect(int fd, void *address, unsigned int bytes)") as AddressCall
const listen = bindLibc("int listen(int fd, int backlog)") as (fd: number, backlog: number) => number
const accept4 = bindLibc("int accept4(int fd, void *address, void *bytes, int flags)") as (
  fd: number,
  address: null,
  bytes: null,
  flags: number,
) => number

const BACKLOG = 8

export interface UnixListener extends Disposable {
  /** Readable when someone connects */
  readonly fd: number
}

/**
 * Listens on a unix stream socket; a socket left at `path` by a process that is gone is replaced.
 *
 * Nobody can connect before mode and owner are set. The directory must be one where nobody else may make or exchange names.
 *
 * @param options `uid`: owner of the socket file, whose group stays
 * @returns Listener whose end closes the descriptor and removes the file
 */
export function listenUnix(
  path: string,
  options: { readonly mode: number; readonly uid: number },
): UnixListener {
  const address = encodeSocketAddress(path)
  removeSocket(path)
  const fd = socket(AF_UNIX, SOCK_STREAM | O_CLOEXEC | O_NONBLOCK, 0)
  if (fd < 0) throw SystemError.last("making a unix socket")
  let isOpen = true
  const end = () => {
    if (!isOpen) return
    isOpen = false
    closeDescriptor(fd)
    removeSocket(path)
  }
  try {
    if (bind(fd, address, address.length) !== 0) throw SystemError.last(`binding a socket to '${path}'`)
    chmodSync(path, options.mode)
    lchownSync(path, options.uid, lstatSync(path).gid)
    if (listen(fd, BACKLOG) !== 0) throw SystemError.last(`listening on '${path}'`)
  } catch (error) {
    end()
    throw error
  }
  return { fd, [Symbol.dispose]: end }
}

/** Takes the next connection as a non-blocking descriptor, to be ended with `closeDescriptor`; undefined when none waits */
export function acceptUnix(fd: number): number | undefined {
  const connection = accept4(fd, null, null, O_CLOEXEC | O_NONBLOCK)
  if (connection >= 0) return connection
  const errno = lastErrno()
  // ECONNABORTED: whoever connected is gone again; accept(2).
  if (["EAGAIN", "EINTR", "ECONNABORTED"].includes(errnoName(errno))) return undefined
  throw new SystemError("accepting a connection", errno)
}

/** Connects to a unix stream socket; the descriptor blocks and is to be ended with `closeDescriptor` */
export function connectUnix(path: string): number {
  const address = encodeSocketAddress(path)
  const fd = socket(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0)
  if (fd < 0) throw SystemError.last("making a unix socket")
  if (connect(fd, address, address.length) === 0) return fd
  const error = SystemError.last(`connecting to '${path}'`)
  closeDescriptor(fd)
  throw error
}

function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path, { force: true })
}
