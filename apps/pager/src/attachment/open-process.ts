import {
  SystemError,
  closeDescriptor,
  identifyProcessSync,
  killByPidfd,
  openPidfd,
  type ProcessIdentity,
} from "@thaw/linux"

/** Opens a pidfd; undefined when that very process is gone */
export function openProcess(identity: ProcessIdentity): number | undefined {
  const pidfd = openIfThere(identity.pid)
  if (pidfd === undefined) return undefined
  // Whoever is looked up while the descriptor is open is whom it means, or is gone.
  if (identifyProcessSync(identity.pid)?.startTicks === identity.startTicks) return pidfd
  closeDescriptor(pidfd)
  return undefined
}

/** Kills that very process; one that is gone is fine */
export function killProcess(identity: ProcessIdentity): void {
  const pidfd = openProcess(identity)
  if (pidfd === undefined) return
  try {
    killByPidfd(pidfd, "SIGKILL")
  } finally {
    closeDescriptor(pidfd)
  }
}

function openIfThere(pid: number): number | undefined {
  try {
    return openPidfd(pid)
  } catch (error) {
    if (error instanceof SystemError && error.code === "ESRCH") return undefined
    throw error
  }
}
