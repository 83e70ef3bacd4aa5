import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { expect, it } from "vitest"

import { hashNativeCrate, type NativeCrate } from "./native-crate.ts"

const GUEST_AGENT: NativeCrate = { name: "guest-agent", fileName: "guest-agent", rustFlags: [] }
const QEMU_UFFD: NativeCrate = { name: "qemu-uffd", fileName: "libqemu_uffd.so", rustFlags: [] }

it("hashNativeCrate() changes with the crate's sources, its flags and the workspace, not with another crate", async () => {
  await using stack = new AsyncDisposableStack()
  const sourceDir = await mkdtemp(join(tmpdir(), "thaw-crate-"))
  stack.defer(async () => await rm(sourceDir, { recursive: true }))
  const write = async (path: string, text: string) => await writeFile(join(sourceDir, "native", path), text)
  for (const path of ["guest-agent/src", "guest-agent/tests", "qemu-uffd/src"]) {
    await mkdir(join(sourceDir, "native", path), { recursive: true })
  }
  await write("Cargo.toml", "[workspace]")
  await write("Cargo.lock", "version = 3")
  await write("guest-agent/src/main.rs", "fn main() {}")
  await write("qemu-uffd/src/lib.rs", "mod a;")

  const hashes = async () => [
    await hashNativeCrate(GUEST_AGENT, sourceDir),
    await hashNativeCrate(QEMU_UFFD, sourceDir),
  ]
  const [guestAgent, qemuUffd] = await hashes()
  expect(guestAgent).not.toBe(qemuUffd)
  expect(await hashNativeCrate({ ...GUEST_AGENT, rustFlags: ["-C"] }, sourceDir)).not.toBe(guestAgent)

  await write("guest-agent/tests/exec.rs", "left out")
  expect(await hashes()).toEqual([guestAgent, qemuUffd])
  await write("qemu-uffd/src/lib.rs", "mod b;")
  expect((await hashes())[0]).toBe(guestAgent)
  expect((await hashes())[1]).not.toBe(qemuUffd)
  await write("Cargo.toml", "[workspace] # changed")
  expect((await hashes())[0]).not.toBe(guestAgent)
})
