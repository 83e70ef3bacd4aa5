import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { startDetached, waitUntilGone, type ProcessIdentity } from "@thaw/linux"

export const CONTROL_PLANE_MAIN = join(import.meta.dirname, "../../apps/control-plane/src/main.ts")

const LISTEN_TIMEOUT_MS = 60_000
const LISTEN_POLL_MS = 50
const KILL_TIMEOUT_MS = 10_000

/** A control plane in a process of its own, killed when it is disposed */
export interface ControlPlaneProcess extends AsyncDisposable {
  readonly url: string
  readonly identity: ProcessIdentity
  /** Ends it by SIGKILL; one that is gone already is fine */
  kill(): Promise<void>
}

/** Starts a control plane; resolves when it listens */
export async function startControlPlaneProcess(options: {
  readonly env: Readonly<Record<string, string>>
  /** Must not be there yet */
  readonly logPath: string
}): Promise<ControlPlaneProcess> {
  const { env, logPath } = options
  const identity = await startDetached([process.execPath, CONTROL_PLANE_MAIN], { logPath, env })
  const kill = async () => {
    if (await waitUntilGone(identity, 0)) return
    process.kill(identity.pid, "SIGKILL")
    if (!(await waitUntilGone(identity, KILL_TIMEOUT_MS)))
      throw new Error("the control plane survives SIGKILL")
  }
  try {
    return { url: await listeningUrl(logPath), identity, kill, [Symbol.asyncDispose]: kill }
  } catch (error) {
    await kill()
    throw error
  }
}

async function listeningUrl(logPath: string): Promise<string> {
  const deadline = performance.now() + LISTEN_TIMEOUT_MS
  for (;;) {
    const log = await readFile(logPath, "utf8")
    const url = /"address":"(http:[^"]+)"/.exec(log)?.[1]
    if (url !== undefined) return url
    if (performance.now() > deadline) throw new Error(`the control plane does not listen: ${log}`)
    await sleep(LISTEN_POLL_MS)
  }
}
