import { copyFileSync, closeSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs"
import { open, readFile, readdir } from "node:fs/promises"
import { join } from "node:path"

import { endProcess, netnsExecArgv, run, startDetached } from "@thaw/linux"
import { MIB } from "@thaw/model"

import { GuestClient } from "../../apps/host-agent/src/guest/guest-client.ts"
import { GUEST_AGENT_PORT } from "../../apps/host-agent/src/network/slot-addresses.ts"
import type { SlotLease } from "../../apps/host-agent/src/network/slot-lease.ts"
import { parseSnapshotManifest } from "../../apps/host-agent/src/snapshot/snapshot-manifest.ts"
import { migrateFromDescriptor } from "../../apps/host-agent/src/vmm/qemu/migration.ts"
import { planRestoreArgv } from "../../apps/host-agent/src/vmm/qemu/plan-qemu-argv.ts"
import { QmpClient } from "../../apps/host-agent/src/vmm/qemu/qmp-client.ts"
import { MemorySource } from "../../apps/pager/src/page-source/memory-source.ts"

const INHERITED_FD = 3
const TIMEOUT_MS = 20_000

/** What a restore by hand starts from: the warm snapshot of a platform, its memory as one file in a tmpfs */
export interface BareSnapshot extends Disposable {
  readonly memoryPath: string
  readonly statePath: string
  readonly layerPath: string
  readonly guestToken: Uint8Array
  readonly vcpus: number
  readonly memoryMib: number
}

/** Reads the newest warm snapshot of a data directory and lays its memory out as QEMU alone would need it */
export async function openBareSnapshot(dataDir: string): Promise<BareSnapshot> {
  const warmFile = (await readdir(join(dataDir, "warm"))).find((name) => name.endsWith(".json")) ?? ""
  const warm = JSON.parse(await readFile(join(dataDir, "warm", warmFile), "utf8")) as { snapshotId: string }
  const directory = join(dataDir, "snapshots", warm.snapshotId)
  const manifest = parseSnapshotManifest(await readFile(join(directory, "snapshot.json"), "utf8"))
  const memoryPath = `/dev/shm/thaw-bare-${process.pid}`
  writeMemory(join(directory, "memfile.header"), join(dataDir, "builds"), memoryPath)
  return {
    memoryPath,
    statePath: join(directory, "vmstate"),
    layerPath: join(dataDir, "layers", `${manifest.rootfs?.layerId}.qcow2`),
    guestToken: Buffer.from(manifest.guestToken, "hex"),
    vcpus: manifest.vcpus,
    memoryMib: manifest.memoryMib,
    [Symbol.dispose]: () => rmSync(memoryPath, { force: true }),
  }
}

function writeMemory(headerPath: string, buildsDir: string, target: string): void {
  using source = MemorySource.open(headerPath, buildsDir)
  const fd = openSync(target, "w", 0o600)
  const buffer = Buffer.alloc(MIB)
  const zeros = Buffer.alloc(MIB)
  ftruncateSync(fd, source.memoryBytes)
  for (let offset = 0; offset < source.memoryBytes; offset += MIB) {
    source.read(offset, MIB, buffer)
    if (!buffer.equals(zeros)) writeSync(fd, buffer, 0, MIB, offset)
  }
  closeSync(fd)
}

/**
 * Restores a snapshot with QEMU alone, as a script would: no pager, all memory in place, no handshake. Returns the time from QEMU's start
 * to the end of a first command in the guest; copying memory and making the disk are not counted.
 */
export async function timeBareRestore(
  snapshot: BareSnapshot,
  host: { readonly slot: SlotLease; readonly directory: string },
): Promise<number> {
  await using stack = new AsyncDisposableStack()
  const { directory, slot } = host
  const memoryPath = `${snapshot.memoryPath}-run`
  copyFileSync(snapshot.memoryPath, memoryPath)
  stack.defer(() => rmSync(memoryPath, { force: true }))
  const diskPath = join(directory, "bare.qcow2")
  await run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", snapshot.layerPath, "-F", "qcow2", diskPath], {
    timeoutMs: TIMEOUT_MS,
  })
  stack.defer(() => rmSync(diskPath, { force: true }))
  const qmpSocketPath = join(directory, "bare.sock")
  stack.defer(() => rmSync(qmpSocketPath, { force: true }))
  const argv = planRestoreArgv(
    {
      sandboxId: "bare",
      vcpus: snapshot.vcpus,
      memoryMib: snapshot.memoryMib,
      slot: slot.addresses,
      rootfs: { format: "qcow2", path: diskPath },
      directory,
      memoryPath,
      runDir: directory,
      statePath: snapshot.statePath,
      pagerSocketPath: "",
      preloadLibrary: "",
    },
    { accelerator: "tcg", qmpSocketPath },
  )
  await using state = await open(snapshot.statePath, "r")
  const startedAt = performance.now()
  const qemu = await startDetached(netnsExecArgv(slot.addresses.namespace, argv), {
    logPath: join(directory, "bare.log"),
    inheritedFds: [state.fd],
  })
  stack.defer(async () => await endProcess(qemu, { graceMs: 0 }))
  using qmp = await QmpClient.connect(qmpSocketPath, { timeoutMs: TIMEOUT_MS })
  await migrateFromDescriptor(qmp, INHERITED_FD, TIMEOUT_MS)
  await qmp.execute("cont")
  await firstCommand(slot, snapshot.guestToken)
  return performance.now() - startedAt
}

async function firstCommand(slot: SlotLease, token: Uint8Array): Promise<void> {
  const host = slot.addresses.hostReachableIp
  const guest = new GuestClient({ host, port: GUEST_AGENT_PORT, token, connectTimeoutMs: TIMEOUT_MS })
  const command = { argv: ["true"], env: [], cwd: "", user: "", stdin: false, timeoutMs: 0 }
  using exec = await guest.exec({ ...command, killOnDisconnect: false }, AbortSignal.timeout(TIMEOUT_MS))
  for await (const event of exec.events()) if (event.type === "exit") return
}
