/** `struct sockaddr_un` of <sys/un.h>, Linux: family u16, then a path of at most 108 bytes with its zero byte; unix(7) */
const PATH_BYTES_MAX = 107
const PATH_OFFSET = 2

export const AF_UNIX = 1
export const SOCK_STREAM = 1

/** Encodes the address of a unix socket; the part that counts is all of it */
export function encodeSocketAddress(path: string): Buffer {
  const bytes = Buffer.byteLength(path)
  if (bytes > PATH_BYTES_MAX) {
    throw new RangeError(`socket path '${path}' has ${bytes} bytes, at most ${PATH_BYTES_MAX} are possible`)
  }
  const address = Buffer.alloc(PATH_OFFSET + bytes + 1)
  address.writeUInt16LE(AF_UNIX)
  address.write(path, PATH_OFFSET)
  return address
}
