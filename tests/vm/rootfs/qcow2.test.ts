import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { run } from "@thaw/linux"

import { Qcow2Store } from "../../../apps/host-agent/src/rootfs/qcow2/qcow2-store.ts"
import type { RootfsDevice } from "../../../apps/host-agent/src/rootfs/rootfs-store.ts"
import { describeRootfsStore } from "./_rootfs-store.suite.ts"

const TIMEOUT_MS = 10_000

/** Through QEMU's own block layer */
const access = {
  async read(device: RootfsDevice, offset: number, length: number): Promise<Buffer> {
    await using stack = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), "thaw-qemu-io-"))
    stack.defer(async () => await rm(directory, { recursive: true }))
    const raw = join(directory, "raw")
    await run(["qemu-img", "convert", "-f", device.format, "-O", "raw", device.path, raw], {
      timeoutMs: TIMEOUT_MS,
    })
    return (await readFile(raw)).subarray(offset, offset + length)
  },
  async write(device: RootfsDevice, offset: number, data: Buffer): Promise<void> {
    await using stack = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), "thaw-qemu-io-"))
    stack.defer(async () => await rm(directory, { recursive: true }))
    const source = join(directory, "data")
    await writeFile(source, data)
    const command = `write -s ${source} ${offset} ${data.length}`
    await run(["qemu-io", "-f", device.format, "-c", command, device.path], { timeoutMs: TIMEOUT_MS })
  },
}

describeRootfsStore("Qcow2Store", () => new Qcow2Store(), access)
