import { randomBytes } from "node:crypto"

import type { ProcessIdentity } from "@thaw/linux"

import type { BootOptions, RestoreSpec, Vm, VmSpec, VmmDriver } from "../../../apps/host-agent/src/vmm/vmm.ts"
import { TestGuest } from "./_guest.ts"
import { startPageServer } from "./_page-server.ts"
import { TestHost, type FrozenVm } from "./_test-host.ts"

/** What the tests of a driver share */
export class VmmBench implements AsyncDisposable {
  readonly #owned = new AsyncDisposableStack()
  #opened: { readonly host: TestHost; readonly driver: VmmDriver; readonly guest: TestGuest } | undefined
  #frozen: FrozenVm | undefined

  async open(driver: VmmDriver): Promise<void> {
    const host = this.#owned.use(await TestHost.open())
    this.#opened = { host, driver, guest: new TestGuest(host.slot, randomBytes(32)) }
  }

  get host(): TestHost {
    return this.#get().host
  }

  get driver(): VmmDriver {
    return this.#get().driver
  }

  /** Whichever VM runs */
  get guest(): TestGuest {
    return this.#get().guest
  }

  /** A guest that has written files to its disk and to its memory */
  get frozen(): FrozenVm {
    if (this.#frozen === undefined) throw new Error("no guest has been frozen: the test that does so failed")
    return this.#frozen
  }

  set frozen(frozen: FrozenVm) {
    this.#frozen = frozen
  }

  /** Serves the memory of the frozen guest to a VM; `pagesMax` pages of it, then no more */
  async serve(spec: VmSpec, pagesMax = -1): Promise<AsyncDisposable> {
    const { pagerSocketPath: socketPath } = this.host.planRestore(spec, this.frozen)
    const { memoryPath } = this.frozen
    return await startPageServer({ socketPath, uid: this.host.slot.vmmUid, memoryPath, pagesMax })
  }

  /** Makes a VM of the frozen guest */
  async restore(spec: VmSpec, change: Partial<RestoreSpec> = {}, options = quietly()): Promise<Vm> {
    return await this.driver.restore({ ...this.host.planRestore(spec, this.frozen), ...change }, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }

  #get() {
    if (this.#opened === undefined) throw new Error("the bench is not open")
    return this.#opened
  }
}

/** Options of a start that nobody watches or calls off, unless given */
export function quietly(
  onProcess?: (process: ProcessIdentity) => unknown,
  signal = new AbortController().signal,
): BootOptions {
  return { signal, onProcess: async (process) => void (await Promise.resolve(onProcess?.(process))) }
}
