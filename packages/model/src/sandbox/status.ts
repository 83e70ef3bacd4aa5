/**
 * The life of a sandbox.
 *
 * ```
 * pending → starting → running ⇄ pausing → paused → resuming → running
 *                         ↓ delete, TTL or crash      ↓ delete
 *                     stopping → stopped           stopped         any step may end in error
 * ```
 */
export const SANDBOX_STATUSES = [
  "pending",
  "starting",
  "running",
  "pausing",
  "paused",
  "resuming",
  "stopping",
  "stopped",
  "error",
] as const

export type SandboxStatus = (typeof SANDBOX_STATUSES)[number]

/** What a client may ask of an existing sandbox */
export type SandboxAction = "exec" | "files" | "pause" | "resume" | "snapshot" | "update" | "delete"

/** In which statuses each action is allowed */
export const SANDBOX_ACTIONS: Record<SandboxAction, readonly SandboxStatus[]> = {
  exec: ["running"],
  files: ["running"],
  pause: ["running"],
  resume: ["paused"],
  snapshot: ["running", "paused"],
  update: ["running", "paused"],
  delete: SANDBOX_STATUSES.filter((status) => status !== "stopped"),
}

/** Which statuses may follow each status */
export const NEXT_STATUSES: Record<SandboxStatus, readonly SandboxStatus[]> = {
  pending: ["starting", "stopping", "stopped", "error"],
  starting: ["running", "stopping", "stopped", "error"],
  running: ["pausing", "stopping", "stopped", "error"],
  pausing: ["paused", "running", "stopping", "stopped", "error"],
  paused: ["resuming", "stopping", "stopped", "error"],
  resuming: ["running", "paused", "stopping", "stopped", "error"],
  stopping: ["stopped", "error"],
  stopped: [],
  error: ["stopping", "stopped"],
}

/** Whether `action` is allowed while a sandbox is in `status` */
export function canDo(action: SandboxAction, status: SandboxStatus): boolean {
  return SANDBOX_ACTIONS[action].includes(status)
}

/** Whether a sandbox may go from `from` to `to` in one step */
export function canFollow(from: SandboxStatus, to: SandboxStatus): boolean {
  return NEXT_STATUSES[from].includes(to)
}

/** Whether nothing of a sandbox in `status` is left on its host */
export function isFinal(status: SandboxStatus): boolean {
  return status === "stopped"
}

/** Narrows text from a file or a database to a status; undefined when it is none */
export function toSandboxStatus(text: string): SandboxStatus | undefined {
  return SANDBOX_STATUSES.find((status) => status === text)
}
