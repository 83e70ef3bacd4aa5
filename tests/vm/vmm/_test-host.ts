import { access, copyFile, mkdir, mkdtemp, realpath, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"

import { run } from "@thaw/linux"

import { openSlotClaims, SLOT_CLAIMS_DIR } from "../../../apps/host-agent/src/network/slot-claims.ts"
import type { SlotLease } from "../../../apps/host-agent/src/network/slot-lease.ts"
import { openSlotPool } from "../../../apps/host-agent/src/network/slot-pool.ts"
import { Qcow2Store } from "../../../apps/host-agent/src/rootfs/qcow2/qcow2-store.ts"
import { PAGER_SOCKET, openVmFiles } from "../../../apps/host-agent/src/vmm/vm-files.ts"
import type { RestoreSpec, VmSpec } from "../../../apps/host-agent/src/vmm/vmm.ts"
import { SHARED_DIR } from "../_platform.ts"

const MEMORY_MIB = 256
const COPY_TIMEOUT_MS = 60_000
const ARTIFACTS = join(SHARED_DIR, "artifacts")

/** Places for one VM. Disposing removes them. */
export interface VmPlace extends AsyncDisposable {
  readonly spec: VmSpec
}

/** What was kept of a frozen VM */
export interface FrozenVm {
  readonly statePath: string
  readonly memoryPath: string
  readonly diskPath: string
}

/** Slot, template and directories for the VMs of a test, one at a time */
export class TestHost implements AsyncDisposable {
  readonly directory: string
  readonly #slot: SlotLease
  readonly #owned: AsyncDisposableStack
  readonly #store = new Qcow2Store()
  #places = 0

  private constructor(parts: { directory: string; slot: SlotLease; owned: AsyncDisposableStack }) {
    this.directory = parts.directory
    this.#slot = parts.slot
    this.#owned = parts.owned
  }

  static async open(): Promise<TestHost> {
    await access(join(ARTIFACTS, "libqemu_uffd.so")).catch(() => {
      throw new Error(`"${ARTIFACTS}" is not complete: run "./thaw test vm", which makes it`)
    })
    await using stack = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), "thaw-vmm-test-"))
    stack.defer(async () => await rm(directory, { recursive: true, force: true }))
    const claims = await openSlotClaims({ dir: SLOT_CLAIMS_DIR, dataDirId: basename(directory) })
    const onError = (error: unknown) => {
      throw error
    }
    const pool = stack.use(openSlotPool({ claims, size: 0, onError }))
    const slot = stack.use(await pool.acquire())
    return new TestHost({ directory, slot, owned: stack.move() })
  }

  get slot() {
    return this.#slot.addresses
  }

  /** Makes places with a disk: the template's, or a frozen VM's */
  async openPlace(frozen?: FrozenVm): Promise<VmPlace> {
    await using stack = new AsyncDisposableStack()
    this.#places += 1
    const sandboxId = `vmm-test-${this.#places}`
    const directory = join(this.directory, sandboxId)
    await mkdir(directory, { mode: 0o700 })
    stack.defer(async () => await rm(directory, { recursive: true, force: true }))
    const { vmmUid: uid } = this.slot
    const files = stack.use(await openVmFiles({ dataDirId: basename(this.directory), sandboxId, uid }))
    const rootfs = stack.use(await this.#store.create(await readBase(), directory))
    if (frozen !== undefined) await copyFile(frozen.diskPath, rootfs.device.path)
    const spec: VmSpec = {
      sandboxId,
      vcpus: 1,
      memoryMib: MEMORY_MIB,
      slot: this.slot,
      rootfs: rootfs.device,
      kernel: join(ARTIFACTS, "vmlinux"),
      initramfs: join(ARTIFACTS, "initramfs.cpio"),
      directory,
      memoryPath: files.memoryPath,
      runDir: files.runDir,
    }
    const owned = stack.move()
    return { spec, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
  }

  /** Copies memory and disk of a frozen VM whose state is at `statePath` */
  async keep(spec: VmSpec, statePath: string): Promise<FrozenVm> {
    const memoryPath = join(this.directory, "memory")
    const diskPath = join(this.directory, "disk.qcow2")
    await run(["cp", "--sparse=always", spec.memoryPath, memoryPath], { timeoutMs: COPY_TIMEOUT_MS })
    await this.#store.copyLayer(spec.directory, diskPath)
    return { statePath, memoryPath, diskPath }
  }

  planRestore(spec: VmSpec, frozen: FrozenVm): RestoreSpec {
    const { kernel: _, initramfs: __, ...machine } = spec
    return {
      ...machine,
      statePath: frozen.statePath,
      pagerSocketPath: join(spec.runDir, PAGER_SOCKET),
      preloadLibrary: join(ARTIFACTS, "libqemu_uffd.so"),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }
}

async function readBase() {
  const path = join(await realpath(join(SHARED_DIR, "templates/base/current")), "rootfs.ext4")
  return { path, sizeBytes: (await stat(path)).size, format: "raw" } as const
}
