import { readdir, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"

import { readMountType } from "@thaw/linux"
import { expect, test } from "vitest"

import {
  listVmFiles,
  memoryPathOf,
  openVmFiles,
  removeVmFiles,
  runDirOf,
} from "../../../apps/host-agent/src/vmm/vm-files.ts"

const UID = 812_345

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
  expect(await stat(files.runDir)).toMatchObject({ uid: UID, gid: UID })
  expect((await stat(files.runDir)).mode & 0o777).toBe(0o700)

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
