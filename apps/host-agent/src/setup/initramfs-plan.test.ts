import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { run } from "@thaw/linux"
import { expect, it } from "vitest"

import { formatInitScript } from "./init-script.ts"
import { planInitramfs } from "./initramfs-plan.ts"

const ENTRIES = planInitramfs({
  busybox: Buffer.from("busybox"),
  guestAgent: Buffer.from("agent"),
  modules: [
    { path: "kernel/z/virtio_ring.ko", content: Buffer.from("ring") },
    { path: "kernel/a/virtio.ko", content: Buffer.from("virtio") },
  ],
})

it("planInitramfs() lists everything once, a directory before what is in it", () => {
  expect(ENTRIES.map(({ path }) => path)).toEqual([
    "bin",
    "bin/busybox",
    "bin/sh",
    "dev",
    "dev/console",
    "guest-agent",
    "init",
    "modules",
    "modules/virtio.ko",
    "modules/virtio_ring.ko",
    "newroot",
    "proc",
    "sys",
  ])
})

it("the init script loads modules in the order given", () => {
  const init = ENTRIES.find(({ path }) => path === "init")
  expect(init?.kind === "file" && Buffer.from(init.content).toString()).toContain(
    "in virtio_ring.ko virtio.ko;",
  )
})

it("the init script waits for its root device with a bound, and hands over to the agent", () => {
  const script = formatInitScript(["virtio.ko"])
  expect(script).toContain("did not appear within 10 seconds")
  expect(script).toContain("exec /bin/busybox switch_root /newroot /run/thaw/guest-agent")
})

it("the init script is valid shell", async () => {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "thaw-init-"))
  stack.defer(async () => await rm(directory, { recursive: true }))
  const path = join(directory, "init")
  await writeFile(path, formatInitScript(["virtio.ko"]))
  await expect(run(["sh", "-n", path], { timeoutMs: 5_000 })).resolves.toBeDefined()
})
