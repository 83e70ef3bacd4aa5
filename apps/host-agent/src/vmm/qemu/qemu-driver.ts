import { readFile, rm } from "node:fs/promises"
import { basename, join } from "node:path"

import {
  endProcess,
  findProcessesByArgument,
  isAlive,
  netnsExecArgv,
  readTscKhz,
  startDetached,
  type ProcessIdentity,
} from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { BootOptions, Vm, VmSpec, VmmDriver } from "../vmm.ts"
import { planQemuArgv } from "./plan-qemu-argv.ts"
import { QemuVm } from "./qemu-vm.ts"
import { QmpClient } from "./qmp-client.ts"

const QMP_SOCKET = "qmp.sock"
const LOG_FILE = "vmm.log"
const START_TIMEOUT_MS = 20_000
/** A VMM on a busy machine may take its time to answer; giving up on it costs its sandbox */
const ADOPT_TIMEOUT_MS = 30_000
const EXIT_POLL_MS = 50
const LOG_LENGTH_MAX = 4000

/** Runs VMs in QEMU processes that outlive this one */
export class QemuDriver implements VmmDriver {
  readonly name = "qemu"
  readonly accelerator: "kvm" | "tcg"
  readonly #tscKhz: number | undefined

  private constructor(accelerator: "kvm" | "tcg", tscKhz: number | undefined) {
    this.accelerator = accelerator
    this.#tscKhz = tscKhz
  }

  /** Gets ready to run VMs; under emulation that takes a measurement of the machine's clock */
  static async open(options: { readonly accelerator: "kvm" | "tcg" }): Promise<QemuDriver> {
    const tscKhz = options.accelerator === "tcg" ? await readTscKhz() : undefined
    return new QemuDriver(options.accelerator, tscKhz)
  }

  async boot(spec: VmSpec, options: BootOptions): Promise<Vm> {
    await using stack = new AsyncDisposableStack()
    const qmpSocketPath = join(spec.directory, QMP_SOCKET)
    const logPath = join(spec.directory, LOG_FILE)
    await rm(qmpSocketPath, { force: true })
    const qemuArgv = planQemuArgv(spec, {
      accelerator: this.accelerator,
      qmpSocketPath,
      ...(this.#tscKhz === undefined ? {} : { tscKhz: this.#tscKhz }),
    })
    const process = await startDetached(netnsExecArgv(spec.slot.namespace, qemuArgv), { logPath })
    stack.defer(async () => await endProcess(process, { graceMs: 0 }))
    await options.onProcess(process)
    const qmp = await connectToStarting(process, { qmpSocketPath, logPath, signal: options.signal })
    stack.move()
    return new QemuVm(process, qmp)
  }

  async adopt(process: ProcessIdentity, directory: string): Promise<Vm | undefined> {
    if (!(await isAlive(process))) return undefined
    using stack = new DisposableStack()
    const qmp = stack.use(
      await QmpClient.connect(join(directory, QMP_SOCKET), { timeoutMs: ADOPT_TIMEOUT_MS }),
    )
    const vm = new QemuVm(process, qmp)
    await vm.checkStatus()
    stack.move()
    return vm
  }

  async findProcesses(sandboxesDir: string): Promise<ProcessIdentity[]> {
    const commands = await findProcessesByArgument(`${sandboxesDir}/`)
    return commands.filter(({ argv }) => argv.some((argument) => basename(argument) === "qemu-system-x86_64"))
  }
}

/** Waits for the monitor of a QEMU just started. A QEMU that ends instead is reported with what it said. */
async function connectToStarting(
  process: ProcessIdentity,
  options: { readonly qmpSocketPath: string; readonly logPath: string; readonly signal: AbortSignal },
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
  } catch (error) {
    options.signal.throwIfAborted()
    const log = (await readFile(options.logPath, "utf8")).trim().slice(-LOG_LENGTH_MAX)
    throw new PlatformError("internal", "the sandbox's VMM could not be started", {
      cause: error,
      internal: log,
    })
  } finally {
    clearInterval(watch)
  }
}
