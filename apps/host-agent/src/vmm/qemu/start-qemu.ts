import { open, rm } from "node:fs/promises"
import { join } from "node:path"

import {
  endProcess,
  isAlive,
  netnsExecArgv,
  startDetached,
  type DetachedOptions,
  type ProcessIdentity,
} from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { BootOptions, RestoreSpec, VmSpec } from "../vmm.ts"
import { QmpClient } from "./qmp-client.ts"
import { VmmLog } from "./vmm-log.ts"

const START_TIMEOUT_MS = 20_000
const EXIT_POLL_MS = 10

/** A QEMU whose monitor answers. Disposing ends it. */
export interface StartedQemu extends AsyncDisposable {
  readonly process: ProcessIdentity
  readonly qmp: QmpClient
  /** What it has said since it was started */
  readonly log: VmmLog
}

export interface QemuStart extends Pick<DetachedOptions, "env" | "inheritedFds"> {
  readonly argv: readonly [string, ...string[]]
  readonly spec: VmSpec | RestoreSpec
  readonly qmpSocketPath: string
}

/**
 * Starts a QEMU in its slot's namespace, with an empty memory file, and waits for its monitor.
 *
 * @throws {PlatformError} `internal`, with what QEMU said, when it ends instead
 */
export async function startQemu(start: QemuStart, options: BootOptions): Promise<StartedQemu> {
  const { argv, spec, qmpSocketPath, ...detached } = start
  await using stack = new AsyncDisposableStack()
  await rm(qmpSocketPath, { force: true })
  await makeMemoryFile(spec.memoryPath)
  const log = await VmmLog.open(join(spec.directory, "vmm.log"))
  const command = netnsExecArgv(spec.slot.namespace, argv)
  const process = await startDetached(command, { logPath: log.path, ...detached })
  stack.defer(async () => await endProcess(process, { graceMs: 0 }))
  // QEMU takes tens of milliseconds to come up, recording it a few.
  const [recorded, connected] = await Promise.allSettled([
    options.onProcess(process),
    connectToStarting(process, { qmpSocketPath, signal: options.signal }),
  ])
  if (connected.status === "fulfilled") stack.use(connected.value)
  if (recorded.status === "rejected") throw recorded.reason
  if (connected.status === "rejected") {
    options.signal.throwIfAborted()
    throw new PlatformError("internal", "the sandbox's VMM could not be started", {
      cause: connected.reason,
      internal: await log.tail(),
    })
  }
  const owned = stack.move()
  const { value: qmp } = connected
  return { process, qmp, log, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

/** Makes the file before QEMU does, which would let others read it; QEMU gives it its size */
async function makeMemoryFile(path: string): Promise<void> {
  await rm(path, { force: true })
  await using _file = await open(path, "wx", 0o600)
}

/** Waits for the monitor of a QEMU just started, for as long as that lives */
async function connectToStarting(
  process: ProcessIdentity,
  options: { readonly qmpSocketPath: string; readonly signal: AbortSignal },
): Promise<QmpClient> {
  const over = new AbortController()
  const abortWhenGone = async () => {
    // A look that fails says nothing; the next one comes soon, and the deadline holds.
    if (!(await isAlive(process).catch(() => true))) over.abort()
  }
  const watch = setInterval(() => void abortWhenGone(), EXIT_POLL_MS)
  try {
    return await QmpClient.connect(options.qmpSocketPath, {
      timeoutMs: START_TIMEOUT_MS,
      signal: AbortSignal.any([options.signal, over.signal]),
    })
  } finally {
    clearInterval(watch)
  }
}
