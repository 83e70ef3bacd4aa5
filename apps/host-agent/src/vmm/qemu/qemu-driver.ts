import { constants } from "node:fs"
import { access, open } from "node:fs/promises"
import { basename, join } from "node:path"

import { findProcessesByArgument, isAlive, readTscKhz, type ProcessIdentity } from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { BootOptions, RestoreSpec, Vm, VmSpec, VmmDriver } from "../vmm.ts"
import { loadState } from "./load-state.ts"
import { planBootArgv, planRestoreArgv, type QemuChoice } from "./plan-qemu-argv.ts"
import { QemuVm } from "./qemu-vm.ts"
import { readQemuVersion } from "./qemu-version.ts"
import { QmpClient } from "./qmp-client.ts"
import { startQemu } from "./start-qemu.ts"

const QMP_SOCKET = "qmp.sock"
/** A VMM on a busy machine may take its time to answer; giving up on it costs its sandbox */
const ADOPT_TIMEOUT_MS = 30_000
/** The only descriptor that QEMU inherits beside its standard ones */
const STATE_FD = 3

interface QemuFacts {
  readonly version: string
  readonly accelerator: "kvm" | "tcg"
  readonly tscKhz: number | undefined
}

/** Runs VMs in QEMU processes that outlive this one */
export class QemuDriver implements VmmDriver {
  readonly name = "qemu"
  readonly version: string
  readonly accelerator: "kvm" | "tcg"
  readonly #tscKhz: number | undefined

  private constructor(facts: QemuFacts) {
    this.version = facts.version
    this.accelerator = facts.accelerator
    this.#tscKhz = facts.tscKhz
  }

  /** Gets ready to run VMs; under emulation that takes a measurement of the machine's clock */
  static async open(options: { readonly accelerator: "kvm" | "tcg" }): Promise<QemuDriver> {
    const { accelerator } = options
    const tscKhz = accelerator === "tcg" ? await readTscKhz() : undefined
    return new QemuDriver({ version: await readQemuVersion(), accelerator, tscKhz })
  }

  async boot(spec: VmSpec, options: BootOptions): Promise<Vm> {
    const choice = this.#choose(spec.directory)
    const argv = planBootArgv(spec, choice)
    const { process, qmp } = await startQemu({ ...choice, argv, spec }, options)
    return new QemuVm({ process, qmp, runDir: spec.runDir })
  }

  async restore(spec: RestoreSpec, options: BootOptions): Promise<Vm> {
    await using stack = new AsyncDisposableStack()
    await checkReadable(spec.preloadLibrary)
    const choice = this.#choose(spec.directory)
    const state = stack.use(await openState(spec.statePath))
    const env = {
      LD_PRELOAD: spec.preloadLibrary,
      THAW_UFFD_MEMORY_PATH: spec.memoryPath,
      THAW_UFFD_SOCKET_PATH: spec.pagerSocketPath,
    }
    const argv = planRestoreArgv(spec, choice)
    const qemu = await startQemu({ ...choice, argv, spec, env, inheritedFds: [state.fd] }, options)
    await using starting = new AsyncDisposableStack()
    starting.use(qemu)
    await loadState(qemu, STATE_FD, options.signal)
    starting.move()
    return new QemuVm({ process: qemu.process, qmp: qemu.qmp, runDir: spec.runDir })
  }

  async adopt(
    process: ProcessIdentity,
    place: Pick<VmSpec, "directory" | "runDir">,
  ): Promise<Vm | undefined> {
    if (!(await isAlive(process))) return undefined
    using stack = new DisposableStack()
    const qmp = stack.use(
      await QmpClient.connect(join(place.directory, QMP_SOCKET), { timeoutMs: ADOPT_TIMEOUT_MS }),
    )
    const vm = new QemuVm({ process, qmp, runDir: place.runDir })
    await vm.checkStatus()
    stack.move()
    return vm
  }

  async findProcesses(sandboxesDir: string): Promise<ProcessIdentity[]> {
    const commands = await findProcessesByArgument(`${sandboxesDir}/`)
    return commands.filter(({ argv }) => argv.some((argument) => basename(argument) === "qemu-system-x86_64"))
  }

  #choose(directory: string): QemuChoice {
    return {
      accelerator: this.accelerator,
      qmpSocketPath: join(directory, QMP_SOCKET),
      ...(this.#tscKhz === undefined ? {} : { tscKhz: this.#tscKhz }),
    }
  }
}

async function openState(path: string) {
  try {
    return await open(path, "r")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    throw new PlatformError("data_loss", "the snapshot's VM state is missing", { cause: error })
  }
}

async function checkReadable(library: string): Promise<void> {
  try {
    await access(library, constants.R_OK)
  } catch (error) {
    throw new PlatformError("unavailable", "the host's library for restored VMs is missing", {
      cause: error,
      internal: `set the host up again: "${library}"`,
    })
  }
}
