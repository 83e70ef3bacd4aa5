import { bindLibc } from "../libc/libc.ts"
import { SystemError } from "../libc/system-error.ts"

const getsockopt = bindLibc("int getsockopt(int fd, int level, int name, void *value, void *bytes)") as (
  fd: number,
  level: number,
  name: number,
  value: Buffer,
  bytes: Buffer,
) => number

/** include/uapi/asm-generic/socket.h, Linux 6.1 */
const SOL_SOCKET = 1
const SO_PEERCRED = 17
/** `struct ucred`: pid, uid, gid; three 32-bit numbers */
const UCRED_BYTES = 12

/** Reads who connected, as it was at that moment; unix(7) SO_PEERCRED */
export function readPeerCredentials(fd: number): { pid: number; uid: number; gid: number } {
  const credentials = Buffer.alloc(UCRED_BYTES)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(UCRED_BYTES)
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, bytes) !== 0) {
    throw SystemError.last("reading who is connected to a unix socket")
  }
  return {
    pid: credentials.readInt32LE(0),
    uid: credentials.readUInt32LE(4),
    gid: credentials.readUInt32LE(8),
  }
}
