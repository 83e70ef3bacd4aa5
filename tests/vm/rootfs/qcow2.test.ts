import { mkdir, mkdtemp, open, readFile, readdir, rm, stat, writeFile } from "node:fs/promises"
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

/** What a VMM that was broken out of can do to its overlay while it has it open */
const TAMPERINGS: readonly [string, (overlay: string, secret: string) => readonly [string, ...string[]]][] = [
  [
    "built on another file",
    (overlay, secret) => ["qemu-img", "rebase", "-u", "-f", "qcow2", "-b", secret, "-F", "raw", overlay],
  ],
  [
    "built on a pseudo-protocol",
    (overlay, secret) => {
      const backing = `json:{"driver":"raw","file":{"driver":"file","filename":"${secret}"}}`
      return ["qemu-img", "rebase", "-u", "-f", "qcow2", "-b", backing, "-F", "raw", overlay]
    },
  ],
  ["built on nothing", (overlay) => ["qemu-img", "rebase", "-u", "-f", "qcow2", "-b", "", overlay]],
  ["of another size", (overlay) => ["qemu-img", "resize", "-q", "-f", "qcow2", overlay, "+1M"]],
  [
    "with its data in another file",
    (overlay, secret) => {
      const options = `data_file=${secret},data_file_raw=on`
      return ["qemu-img", "create", "-q", "-f", "qcow2", "-o", options, overlay, "8M"]
    },
  ],
]

it.each(TAMPERINGS)("an overlay that says it is %s is neither opened nor copied", async (_, tamper) => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-overlay-"))
  stack.defer(async () => await rm(directory, { recursive: true }))
  const [base, secret] = [join(directory, "base.raw"), join(directory, "secret")]
  for (const path of [base, secret]) await writeFile(path, Buffer.alloc(8 * MIB, path))
  const sandboxDir = join(directory, "sandbox")
  await mkdir(sandboxDir)
  const store = new Qcow2Store()
  const { device } = await store.create({ path: base, sizeBytes: 8 * MIB, format: "raw" }, sandboxDir)
  await access.write(device, 0, Buffer.alloc(MIB, 1))
  await store.seal(sandboxDir)
  await store.open(sandboxDir)

  await run(tamper(device.path, secret), { timeoutMs: TIMEOUT_MS })
  const secretBytes = await readFile(secret)
  const layer = join(directory, "layer")
  const refused = {
    code: "data_loss",
    message: expect.stringContaining("not the one that was made") as string,
  }
  await expect(store.open(sandboxDir)).rejects.toMatchObject(refused)
  await expect(store.seal(sandboxDir)).rejects.toMatchObject(refused)
  await expect(store.revert(sandboxDir)).rejects.toMatchObject(refused)
  await expect(store.copyLayer(sandboxDir, layer)).rejects.toMatchObject(refused)
  expect((await readdir(directory)).sort()).toEqual(["base.raw", "sandbox", "secret"])
  expect((await readFile(secret)).equals(secretBytes)).toBe(true)
})

it("an overlay is not opened when what it was made on is not known", async () => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-overlay-"))
  stack.defer(async () => await rm(directory, { recursive: true }))
  const base = join(directory, "base.raw")
  await writeFile(base, Buffer.alloc(MIB, 1))
  const store = new Qcow2Store()
  await store.create({ path: base, sizeBytes: MIB, format: "raw" }, directory)
  const note = join(directory, "rootfs.base.json")
  expect((await stat(note)).mode & 0o777).toBe(0o600)
  for (const content of [
    "",
    "{}",
    JSON.stringify({ version: 2, path: base, sizeBytes: MIB, format: "raw" }),
  ]) {
    await writeFile(note, content)
    await expect(store.open(directory)).rejects.toMatchObject({ code: "data_loss" })
  }
  await rm(note)
  await expect(store.seal(directory)).rejects.toMatchObject({ code: "data_loss" })
})
