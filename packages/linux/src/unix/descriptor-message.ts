import { addressOf } from "../libc/address.ts"
import { closeDescriptor } from "../libc/close-descriptor.ts"
import { bindLibc } from "../libc/libc.ts"
import { SystemError, errnoName, lastErrno } from "../libc/system-error.ts"

const recvmsg = bindLibc("long recvmsg(int fd, void *message, int flags)") as (
  fd: number,
  message: Buffer,
  flags: number,
) => number
const sendmsg = bindLibc("long sendmsg(int fd, void *message, int flags)") as (
  fd: number,
  message: Buffer,
  flags: number,
) => number

/** include/linux/socket.h, Linux 6.1 */
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_CTRUNC = 0x8
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const MSG_CMSG_CLOEXEC = 0x40000000

/** `struct msghdr`, 64 bit: name, its length, iov, their count, control, its length, flags; eight bytes each */
const MESSAGE_BYTES = 56
const IOV_OFFSET = 16
const IOV_COUNT_OFFSET = 24
const CONTROL_OFFSET = 32
const CONTROL_BYTES_OFFSET = 40
const FLAGS_OFFSET = 48
/** `struct iovec`: address and length */
const IOV_BYTES = 16
/** `struct cmsghdr`: length with the header u64, level i32, type i32; padded to eight bytes */
const CONTROL_HEADER_BYTES = 16
const LEVEL_OFFSET = 8
const TYPE_OFFSET = 12
const DESCRIPTOR_BYTES = 4
/** Message and vector, back to back; the control area follows */
const HEAD_BYTES = MESSAGE_BYTES + IOV_BYTES

/** Far more than the handshake's one */
const DESCRIPTORS_MAX = 16
const CONTROL_BYTES_MAX = CONTROL_HEADER_BYTES + DESCRIPTORS_MAX * DESCRIPTOR_BYTES

export interface DescriptorMessage {
  /** Empty at the end of the stream */
  readonly data: Buffer
  /** Owned by the receiver, close-on-exec; to be ended with `closeDescriptor` */
  readonly fds: number[]
}

/**
 * Receives what waits, with the descriptors that came along, without blocking; unix(7) SCM_RIGHTS.
 *
 * @returns The message; undefined when nothing waits
 * @throws {Error} when more than 16 descriptors came; those are closed
 */
export function receiveWithDescriptors(fd: number, bytesMax: number): DescriptorMessage | undefined {
  const data = Buffer.alloc(bytesMax)
  const message = encodeMessage(data, CONTROL_BYTES_MAX)
  const bytes = recvmsg(fd, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)
  if (bytes < 0) {
    const errno = lastErrno()
    if (errnoName(errno) === "EAGAIN" || errnoName(errno) === "EINTR") return undefined
    throw new SystemError("receiving from a unix socket", errno)
  }
  const controlBytes = Number(message.readBigUInt64LE(CONTROL_BYTES_OFFSET))
  const fds = decodeDescriptors(message.subarray(HEAD_BYTES, HEAD_BYTES + controlBytes))
  if ((message.readInt32LE(FLAGS_OFFSET) & MSG_CTRUNC) !== 0) {
    for (const received of fds) closeDescriptor(received)
    throw new Error(`more than ${DESCRIPTORS_MAX} descriptors came with one message`)
  }
  return { data: data.subarray(0, bytes), fds }
}

/**
 * Sends one message with descriptors, which stay open here.
 *
 * @param data Not empty: descriptors travel with bytes
 * @throws {Error} when the socket does not take all of it at once
 */
export function sendWithDescriptors(fd: number, data: Uint8Array, fds: readonly number[]): void {
  if (fds.length > DESCRIPTORS_MAX) {
    throw new RangeError(`${fds.length} descriptors are too many for one message, at most ${DESCRIPTORS_MAX}`)
  }
  const message = encodeMessage(
    data,
    fds.length === 0 ? 0 : roundUp(CONTROL_HEADER_BYTES + fds.length * DESCRIPTOR_BYTES),
  )
  if (fds.length > 0) encodeDescriptors(message.subarray(HEAD_BYTES), fds)
  const bytes = sendmsg(fd, message, MSG_NOSIGNAL)
  if (bytes < 0) throw SystemError.last("sending to a unix socket")
  if (bytes !== data.length) throw new Error(`a unix socket took ${bytes} of ${data.length} bytes`)
}

/** Lays out message, vector and control area in one buffer, because they name each other by address */
function encodeMessage(data: Uint8Array, controlBytes: number): Buffer {
  const message = Buffer.alloc(HEAD_BYTES + controlBytes)
  const address = addressOf(message)
  message.writeBigUInt64LE(BigInt(address + MESSAGE_BYTES), IOV_OFFSET)
  message.writeBigUInt64LE(1n, IOV_COUNT_OFFSET)
  message.writeBigUInt64LE(BigInt(addressOf(data)), MESSAGE_BYTES)
  message.writeBigUInt64LE(BigInt(data.length), MESSAGE_BYTES + 8)
  if (controlBytes > 0) message.writeBigUInt64LE(BigInt(address + HEAD_BYTES), CONTROL_OFFSET)
  message.writeBigUInt64LE(BigInt(controlBytes), CONTROL_BYTES_OFFSET)
  return message
}

function encodeDescriptors(control: Buffer, fds: readonly number[]): void {
  control.writeBigUInt64LE(BigInt(CONTROL_HEADER_BYTES + fds.length * DESCRIPTOR_BYTES))
  control.writeInt32LE(SOL_SOCKET, LEVEL_OFFSET)
  control.writeInt32LE(SCM_RIGHTS, TYPE_OFFSET)
  for (const [index, fd] of fds.entries()) {
    control.writeInt32LE(fd, CONTROL_HEADER_BYTES + index * DESCRIPTOR_BYTES)
  }
}

function decodeDescriptors(control: Buffer): number[] {
  const fds: number[] = []
  for (let at = 0; at + CONTROL_HEADER_BYTES <= control.length;) {
    const bytes = Number(control.readBigUInt64LE(at))
    if (bytes < CONTROL_HEADER_BYTES) break
    if (
      control.readInt32LE(at + LEVEL_OFFSET) === SOL_SOCKET &&
      control.readInt32LE(at + TYPE_OFFSET) === SCM_RIGHTS
    ) {
      const end = Math.min(at + bytes, control.length)
      for (let fd = at + CONTROL_HEADER_BYTES; fd + DESCRIPTOR_BYTES <= end; fd += DESCRIPTOR_BYTES)
        fds.push(control.readInt32LE(fd))
    }
    at += roundUp(bytes)
  }
  return fds
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}
