import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { openLogger, parseConfig, startControlPlane, type ControlPlane } from "@thaw/control-plane"
import { startSimulatedHostAgent, type SimulatedHostAgent } from "@thaw/testkit"

import { ApiClient } from "./_api-client.ts"

const READY_TIMEOUT_MS = 10_000
const READY_POLL_MS = 50

export const API_KEY = "thaw_0123456789abcdefghijklmnopqrstuv"
export const HOST_TOKEN = "host-token-0123456789abcdef"

/** A control plane with a simulated host agent, on a database of its own */
export class Harness implements AsyncDisposable {
  readonly host: SimulatedHostAgent
  readonly env: Readonly<Record<string, string>>
  /** Every line the control plane has logged */
  readonly logLines: string[] = []
  #controlPlane: ControlPlane | undefined
  readonly #resources: AsyncDisposableStack

  private constructor(
    host: SimulatedHostAgent,
    options: { env: Readonly<Record<string, string>>; resources: AsyncDisposableStack },
  ) {
    this.host = host
    this.env = options.env
    this.#resources = options.resources
  }

  static async start(databaseUrl: string): Promise<Harness> {
    await using stack = new AsyncDisposableStack()
    const dataDir = await mkdtemp(join(tmpdir(), "thaw-integration-"))
    stack.defer(() => rm(dataDir, { recursive: true, force: true }))
    const host = stack.use(await startSimulatedHostAgent({ token: HOST_TOKEN }))
    const env = await writeEnv({ dataDir, databaseUrl, hostAgentUrl: host.url })
    const harness = new Harness(host, { env, resources: stack.move() })
    await harness.startControlPlane()
    return harness
  }

  /** A second control plane on the database and the host of another; ends before that one */
  static async joining(other: Harness): Promise<Harness> {
    const harness = new Harness(other.host, { env: other.env, resources: new AsyncDisposableStack() })
    await harness.startControlPlane()
    return harness
  }

  async startControlPlane(): Promise<void> {
    const log = openLogger({
      level: "trace",
      destination: { write: (line: string) => void this.logLines.push(line) },
    })
    this.#controlPlane = await startControlPlane(parseConfig(this.env), log)
  }

  async stopControlPlane(): Promise<void> {
    await this.#controlPlane?.[Symbol.asyncDispose]()
    this.#controlPlane = undefined
  }

  /** Resolves when the control plane reaches its database and its host agent */
  async untilReady(): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS
    while ((await this.api.call("GET", "/readyz")).status !== 200) {
      if (performance.now() > deadline) throw new Error(`not ready within ${READY_TIMEOUT_MS} ms`)
      await sleep(READY_POLL_MS)
    }
  }

  /** Resolves when the control plane has been told every sandbox of the host since it was started */
  async untilConnected(): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS
    while (!this.logLines.some((line) => line.includes("the host agent is connected"))) {
      if (performance.now() > deadline) throw new Error(`not connected within ${READY_TIMEOUT_MS} ms`)
      await sleep(READY_POLL_MS)
    }
  }

  get url(): string {
    if (this.#controlPlane === undefined) throw new Error("the control plane is stopped")
    return this.#controlPlane.url
  }

  get api(): ApiClient {
    return new ApiClient(this.url, API_KEY)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopControlPlane()
    await this.#resources.disposeAsync()
  }
}

/** Puts the secrets a control plane needs into a data directory, and gives its environment */
export async function writeEnv(options: {
  readonly dataDir: string
  readonly databaseUrl: string
  readonly hostAgentUrl: string
}): Promise<Record<string, string>> {
  const apiKeyFile = join(options.dataDir, "api-key")
  const tokenFile = join(options.dataDir, "host-agent-token")
  await writeFile(apiKeyFile, `${API_KEY}\n`, { mode: 0o600 })
  await writeFile(tokenFile, `${HOST_TOKEN}\n`, { mode: 0o600 })
  return {
    THAW_LISTEN: "127.0.0.1:0",
    THAW_DATA_DIR: options.dataDir,
    DATABASE_URL: options.databaseUrl,
    THAW_HOST_AGENT_URL: options.hostAgentUrl,
    THAW_HOST_AGENT_TOKEN_FILE: tokenFile,
    THAW_API_KEY_FILE: apiKeyFile,
  }
}
