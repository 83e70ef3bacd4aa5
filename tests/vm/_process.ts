import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { openSync, closeSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { setTimeout as sleep } from "node:timers/promises"

export interface TestProcessOptions {
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  readonly logPath: string
}

const NODE_ONLY_ENV = ["PATH", "HOME", "LANG"]
const STOP_TIMEOUT_MS = 30_000

/** A process of the platform under test: started, killed and started again at will */
export class TestProcess implements AsyncDisposable {
  readonly #options: TestProcessOptions
  #child: ChildProcess | undefined

  constructor(options: TestProcessOptions) {
    this.#options = options
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error("process is not running")
    return this.#child.pid
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Starts it, with more environment if given */
  start(env: Readonly<Record<string, string>> = {}): void {
    const inherited = Object.fromEntries(NODE_ONLY_ENV.map((name) => [name, process.env[name] ?? ""]))
    const log = openSync(this.#options.logPath, "a")
    this.#child = spawn(process.execPath, [this.#options.script], {
      env: { ...inherited, ...this.#options.env, ...env },
      stdio: ["ignore", log, log],
    })
    closeSync(log)
  }

  /** Ends it as the kernel would: without a word */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL")
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM")
  }

  /** Waits until it has ended by itself */
  async ended(): Promise<void> {
    if (this.#child !== undefined && this.isRunning) await once(this.#child, "exit")
  }

  async log(): Promise<string> {
    return await readFile(this.#options.logPath, "utf8")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.isRunning) return
    const exited = once(child, "exit")
    child.kill(signal)
    const timeout = new AbortController()
    await Promise.race([exited, sleep(STOP_TIMEOUT_MS, undefined, { signal: timeout.signal })]).finally(() =>
      timeout.abort(),
    )
    if (this.isRunning)
      throw new Error(`"${this.#options.script}" did not end within ${STOP_TIMEOUT_MS} ms of ${signal}`)
  }
}
