import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { run } from "@thaw/linux"
import { GIB, MIB } from "@thaw/model"
import { expect, it } from "vitest"

import { Qcow2Store } from "../../../apps/host-agent/src/rootfs/qcow2/qcow2-store.ts"
import { writeEmptyOverlay } from "../../../apps/host-agent/src/rootfs/qcow2/write-overlay.ts"
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

async function info(path: string): Promise<Record<string, unknown>> {
  const { stdout } = await run(["qemu-img", "info", "--output=json", path], { timeoutMs: TIMEOUT_MS })
  const { filename: _, "actual-size": _size, ...facts } = JSON.parse(stdout) as Record<string, unknown>
  return facts
}

it.each([512, MIB + 512, 2 * GIB, 64 * GIB, 5000 * GIB])(
  "an overlay over %d bytes is what qemu-img makes of it",
  async (sizeBytes) => {
    await using stack = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), "thaw-overlay-"))
    stack.defer(async () => await rm(directory, { recursive: true }))
    const base = join(directory, "base.raw")
    await using file = await open(base, "w")
    await file.truncate(sizeBytes)
    const [own, theirs] = [join(directory, "own.qcow2"), join(directory, "theirs.qcow2")]
    await writeEmptyOverlay({ path: base, sizeBytes, format: "raw" }, own)
    await run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", theirs], {
      timeoutMs: TIMEOUT_MS,
    })
    expect(await info(own)).toEqual(await info(theirs))
    await run(["qemu-img", "check", "-q", own], { timeoutMs: TIMEOUT_MS })
    // Written to its end, it still counts its clusters right.
    const last = Math.max(0, sizeBytes - MIB)
    const write = `write -P 7 ${last} ${sizeBytes - last}`
    await run(["qemu-io", "-f", "qcow2", "-c", write, own], { timeoutMs: TIMEOUT_MS })
    await run(["qemu-img", "check", "-q", own], { timeoutMs: TIMEOUT_MS })
  },
)
