import { randomBytes } from "node:crypto"
import { access, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { ensureTmpfs, unmount } from "@thaw/linux"
import { readResourceLedger, type ResourceLedger } from "@thaw/testkit"

import { Api } from "./_api.ts"
import { freePort } from "./_free-port.ts"
import { TestProcess } from "./_process.ts"

export const ROOT = resolve(import.meta.dirname, "../..")
const READY_TIMEOUT_MS = 60_000
const READY_POLL_MS = 50

/** Kernel, initramfs, guest agent and templates, which all test platforms share; `./thaw test vm` makes them */
export const SHARED_DIR = join(ROOT, ".cache/thaw")

/** The whole platform on this machine: control plane and host agent as processes of their own, on a data directory of their own */
export interface TestPlatform extends AsyncDisposable {
  readonly dataDir: string
  readonly url: string
  readonly hostAgentUrl: string
  readonly apiKey: string
  readonly api: Api
  readonly hostAgent: TestProcess
  readonly controlPlane: TestProcess
  /** Waits until both processes answer */
  ready(): Promise<void>
  ledger(): Promise<ResourceLedger>
}

/**
 * Starts a platform. Disposing it destroys its sandboxes, stops it and checks that nothing is left of it.
 *
 * @param env More environment for both processes
 * @param options `diskBytes` gives the host agent's data a disk of its own of that size; the control plane's is elsewhere then
 */
export async function startTestPlatform(
  env: Readonly<Record<string, string>> = {},
  options: { readonly diskBytes?: number } = {},
): Promise<TestPlatform> {
  await access(join(SHARED_DIR, "templates/base/current")).catch(() => {
    throw new Error(`"${SHARED_DIR}" has no base template: run "./thaw test vm", which makes it`)
  })
  await using stack = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), "thaw-vm-test-"))
  stack.defer(async () => await rm(dataDir, { recursive: true, force: true }))
  const database =
    options.diskBytes === undefined ? {} : await openSmallDisk(stack, dataDir, options.diskBytes)
  const before = await readResourceLedger(dataDir)
  stack.defer(async () => assertSame(before, await readResourceLedger(dataDir)))

  const [port, agentPort] = [await freePort(), await freePort()]
  const apiKey = `thaw_${randomBytes(16).toString("hex")}`
  const secrets = join(dataDir, "secrets")
  await mkdir(secrets, { mode: 0o700 })
  await writeFile(join(secrets, "api-key"), apiKey, { mode: 0o600 })
  await writeFile(join(secrets, "host-agent-token"), randomBytes(16).toString("hex"), { mode: 0o600 })
  const shared = {
    THAW_DATA_DIR: dataDir,
    THAW_LISTEN: `127.0.0.1:${port}`,
    THAW_HOST_AGENT_LISTEN: `127.0.0.1:${agentPort}`,
    THAW_HOST_AGENT_URL: `http://127.0.0.1:${agentPort}`,
    THAW_ARTIFACTS_DIR: join(SHARED_DIR, "artifacts"),
    THAW_TEMPLATES_DIR: join(SHARED_DIR, "templates"),
    // Its machine would come and go between the ledgers.
    THAW_PREWARM: "off",
    ...database,
    ...env,
  }
  const hostAgent = new TestProcess({
    script: join(import.meta.dirname, "_host-agent-with-faults.ts"),
    env: shared,
    logPath: join(dataDir, "host-agent.log"),
  })
  const controlPlane = new TestProcess({
    script: join(ROOT, "apps/control-plane/src/main.ts"),
    env: shared,
    logPath: join(dataDir, "control-plane.log"),
  })
  const url = `http://127.0.0.1:${port}`
  const api = new Api(url, apiKey)
  stack.defer(async () => await hostAgent.stop())
  stack.defer(async () => await controlPlane.stop())
  hostAgent.start()
  controlPlane.start()
  const ready = async () => await waitUntilReady(url, { hostAgent, controlPlane })
  await ready()
  stack.defer(async () => await destroyAll(api, { hostAgent, controlPlane }, ready))
  const owned = stack.move()
  return {
    dataDir,
    url,
    hostAgentUrl: shared.THAW_HOST_AGENT_URL,
    apiKey,
    api,
    hostAgent,
    controlPlane,
    ready,
    ledger: async () => await readResourceLedger(dataDir),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

/** @returns Environment that keeps the database off that disk */
async function openSmallDisk(
  stack: AsyncDisposableStack,
  dataDir: string,
  sizeBytes: number,
): Promise<Readonly<Record<string, string>>> {
  ensureTmpfs(dataDir, { mode: 0o700, sizeBytes })
  stack.defer(() => unmount(dataDir))
  const databaseDir = await mkdtemp(join(tmpdir(), "thaw-vm-test-db-"))
  stack.defer(async () => await rm(databaseDir, { recursive: true, force: true }))
  return { DATABASE_URL: `pglite:${databaseDir}` }
}

interface Processes {
  readonly hostAgent: TestProcess
  readonly controlPlane: TestProcess
}

async function waitUntilReady(url: string, processes: Processes): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined)
    if (response?.ok === true) return
    for (const [name, process] of Object.entries(processes)) {
      if (!process.isRunning) throw new Error(`${name} has ended:\n${await process.log()}`)
    }
    if (performance.now() > deadline) {
      throw new Error(
        `the platform is not ready:\n${await processes.hostAgent.log()}\n${await processes.controlPlane.log()}`,
      )
    }
    await sleep(READY_POLL_MS)
  }
}

async function destroyAll(api: Api, processes: Processes, ready: () => Promise<void>): Promise<void> {
  if (!processes.hostAgent.isRunning) processes.hostAgent.start()
  if (!processes.controlPlane.isRunning) processes.controlPlane.start()
  await ready()
  for (const sandbox of await api.list()) {
    if (sandbox.status !== "stopped") await api.delete(sandbox.id)
  }
}

export function assertSame(before: ResourceLedger, after: ResourceLedger): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return
  throw new Error(`something leaked\nbefore: ${JSON.stringify(before)}\nafter:  ${JSON.stringify(after)}`)
}
