import { readFileSync } from "node:fs"

import {
  closeDescriptor,
  identifyProcessSync,
  openPidfd,
  readPeerCredentials,
  type ProcessIdentity,
} from "@thaw/linux"
import { PlatformError } from "@thaw/model"

/** Who is at the other end of a VMM's socket; the descriptor is the receiver's */
export interface VmmPeer {
  readonly vmm: ProcessIdentity
  readonly pidfd: number
}

const ROOT = 0

/**
 * Finds out who connected, and that it may be the VMM.
 *
 * @throws {PlatformError} `invalid_argument` when it is somebody else's process; `unavailable` when it is gone
 */
export function openVmmPeer(connection: number, socketUid: number): VmmPeer {
  const { pid, uid } = readPeerCredentials(connection)
  if (!mayConnect(uid, socketUid)) throw stranger(uid)
  const pidfd = openPidfd(pid)
  try {
    // Looked up while the descriptor is open: of the process it means, or of none.
    const owner = readProcessUid(pid)
    const vmm = identifyProcessSync(pid)
    if (vmm === undefined || owner === undefined) {
      throw new PlatformError("unavailable", "the VMM ended in its handshake")
    }
    if (!mayOwn(owner, uid, socketUid)) throw stranger(owner)
    return { vmm, pidfd }
  } catch (error) {
    closeDescriptor(pidfd)
    throw error
  }
}

/** A VMM connects as the user it is to become, or as root, before that */
export function mayConnect(peerUid: number, socketUid: number): boolean {
  return peerUid === socketUid || peerUid === ROOT
}

/** Whether the process of that pid can be who connected: the pid of one that is gone may be another's by now */
export function mayOwn(processUid: number, peerUid: number, socketUid: number): boolean {
  return processUid === peerUid || processUid === socketUid
}

/** The effective one, second of the `Uid:` line; proc(5) */
function readProcessUid(pid: number): number | undefined {
  try {
    const uid = /^Uid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
    return uid === undefined ? undefined : Number(uid)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "ENOENT" || code === "ESRCH") return undefined
    throw error
  }
}

function stranger(uid: number): PlatformError {
  return new PlatformError("invalid_argument", "who connected to the VM's socket is not its VMM", {
    internal: `uid ${uid}`,
  })
}
