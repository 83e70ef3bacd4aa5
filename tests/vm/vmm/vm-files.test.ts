import { readdir, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"

import { listenUnix, readMountType, run } from "@thaw/linux"
import { expect, test } from "vitest"

import {
  listVmFiles,
  memoryPathOf,
  openVmFiles,
  removeVmFiles,
  runDirOf,
} from "../../../apps/host-agent/src/vmm/vm-files.ts"

const UID = 812_345
const TIMEOUT_MS = 10_000

test("a VM's places are there for root and its VMM, are listed, and go with all that is in them", async () => {
  const dataDirId = `test-${process.pid}`
  const other = `${dataDirId}-other`
  expect(await listVmFiles(dataDirId)).toEqual([])
  const files = await openVmFiles({ dataDirId, sandboxId: "two", uid: UID })
  await using _one = await openVmFiles({ dataDirId, sandboxId: "one", uid: UID })
  expect(files).toMatchObject({
    memoryPath: memoryPathOf(dataDirId, "two"),
    runDir: runDirOf(dataDirId, "two"),
  })
  expect(readMountType(dirname(files.memoryPath))).toBe("tmpfs")
  expect((await stat(dirname(files.memoryPath))).mode & 0o777).toBe(0o700)
  expect((await stat(dirname(files.runDir))).mode & 0o777).toBe(0o711)
  expect(await stat(files.runDir)).toMatchObject({ uid: 0, gid: UID })
  expect((await stat(files.runDir)).mode & 0o777).toBe(0o710)

  await writeFile(files.memoryPath, "memory")
  await writeFile(join(files.runDir, "left.sock"), "")
  expect(await listVmFiles(dataDirId)).toEqual(["one", "two"])
  expect(await listVmFiles(other)).toEqual([])
  await using again = await openVmFiles({ dataDirId, sandboxId: "two", uid: UID })
  expect(await readdir(again.runDir)).toEqual([])
  await expect(stat(again.memoryPath)).rejects.toThrow("ENOENT")

  await writeFile(files.memoryPath, "memory")
  await files[Symbol.asyncDispose]()
  await removeVmFiles(dataDirId, "two")
  expect(await listVmFiles(dataDirId)).toEqual(["one"])
})

test("a VMM reaches the sockets in its run directory, and can neither list nor change what is there", async () => {
  const dataDirId = `test-${process.pid}`
  await using files = await openVmFiles({ dataDirId, sandboxId: "three", uid: UID })
  const path = join(files.runDir, "state.sock")
  using _listener = listenUnix(path, { mode: 0o600, uid: UID })
  await asUser(UID, ["test", "-w", path])
  await expect(asUser(UID + 1, ["test", "-w", path])).rejects.toThrow()
  await expect(asUser(UID, ["ls", files.runDir])).rejects.toThrow("Permission denied")
  await expect(asUser(UID, ["ln", "-s", "/etc/hosts", join(files.runDir, "link")])).rejects.toThrow(
    "Permission denied",
  )
  await expect(asUser(UID, ["rm", "-f", path])).rejects.toThrow("Permission denied")
})

async function asUser(uid: number, argv: readonly [string, ...string[]]): Promise<void> {
  const become = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"] as const
  await run([...become, ...argv], { timeoutMs: TIMEOUT_MS })
}
