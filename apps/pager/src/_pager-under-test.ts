import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { closeSync, openSync } from "node:fs"
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import { openPagerClient, type PagerClient } from "@thaw/rpc"

import { writeSnapshot, type SnapshotOnDisk } from "./_snapshot-on-disk.ts"
import { SimulatedVmm, type SimulatedVmmOptions } from "./_vmm-under-test.ts"

const READY_TIMEOUT_MS = 30_000
const POLL_MS = 5

export interface AttachOptions {
  readonly snapshot?: SnapshotOnDisk
  readonly workingSetPath?: string
  readonly prefetch?: boolean
  readonly vmm?: Partial<SimulatedVmmOptions>
}

/** A pager in a process of its own on a data directory of its own, with a snapshot to serve */
export class PagerUnderTest implements AsyncDisposable {
  readonly directory: string
  readonly client: PagerClient
  readonly snapshot: SnapshotOnDisk
  readonly #env: Readonly<Record<string, string>>
  readonly #vmms: SimulatedVmm[] = []
  #child: ChildProcess | undefined

  private constructor(directory: string, snapshot: SnapshotOnDisk, env: Readonly<Record<string, string>>) {
    this.directory = directory
    this.snapshot = snapshot
    this.#env = env
    this.client = openPagerClient(join(directory, "pager", "pager.sock"))
  }

  static async start(options: {
    memoryBytes: number
    env?: Readonly<Record<string, string>>
  }): Promise<PagerUnderTest> {
    const directory = await mkdtemp("/dev/shm/thaw-pager-")
    const pager = new PagerUnderTest(
      directory,
      await writeSnapshot(directory, options.memoryBytes),
      options.env ?? {},
    )
    await pager.start()
    return pager
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  get memoryBytes(): number {
    return this.snapshot.memory.length
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  async start(): Promise<void> {
    const log = openSync(join(this.directory, "pager.log"), "a")
    const script = join(import.meta.dirname, "main.ts")
    this.#child = spawn(process.execPath, [script, `--data-dir=${this.directory}`], {
      env: { PATH: "", ...this.#env },
      stdio: ["ignore", log, log],
    })
    closeSync(log)
    await until(async () => {
      if (!this.isRunning) throw new Error(`the pager ended: ${await this.log()}`)
      return (await this.client.getPager({})).pid === this.pid
    })
  }

  async kill9(): Promise<void> {
    this.#child?.kill("SIGKILL")
    await this.ended()
  }

  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM")
    await this.ended()
  }

  async ended(): Promise<void> {
    if (this.#child !== undefined && this.isRunning) await once(this.#child, "exit")
  }

  /** Attaches a simulated VMM; with `awaitReady` the rest of a restore */
  async attach(id: string, options: AttachOptions = {}): Promise<SimulatedVmm> {
    const snapshot = options.snapshot ?? this.snapshot
    const socketPath = join(this.directory, `${id}.sock`)
    await this.client.attach({
      id,
      headerPath: snapshot.headerPath,
      buildsDir: snapshot.buildsDir,
      socketPath,
      socketUid: 0,
      workingSetPath: options.workingSetPath ?? "",
      prefetch: options.prefetch ?? true,
    })
    const vmm = new SimulatedVmm({
      memoryPath: join(this.directory, `${id}.mem`),
      memoryBytes: this.memoryBytes,
      socketPath,
      ...options.vmm,
    })
    this.#vmms.push(vmm)
    return vmm
  }

  /** Attaches a simulated VMM and waits until it can be used */
  async attachReady(id: string, options: AttachOptions = {}): Promise<SimulatedVmm> {
    const vmm = await this.attach(id, options)
    await this.client.awaitReady({ id })
    return vmm
  }

  async log(): Promise<string> {
    return await readFile(join(this.directory, "pager.log"), "utf8")
  }

  /** Names of the files that are kept of VMs */
  async records(): Promise<string[]> {
    return await readdir(join(this.directory, "pager", "attachments"))
  }

  async descriptorCount(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/fd`)).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#vmms.map(async (vmm) => await vmm.kill()))
    this.client[Symbol.dispose]()
    await this.kill9()
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** Waits until something holds; an error of the check counts as that it does not, until the time is over */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    const isOver = performance.now() > deadlineMs
    try {
      if (await holds()) return
      if (isOver) throw new Error(`not so within ${READY_TIMEOUT_MS} ms`)
    } catch (error) {
      if (isOver) throw error
    }
    await sleep(POLL_MS)
  }
}
