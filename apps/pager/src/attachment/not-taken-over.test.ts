import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { MIB } from "@thaw/model"
import { afterAll, beforeAll, expect, test, vi } from "vitest"

import { PagerUnderTest, until } from "../_pager-under-test.ts"
import { sha256 } from "../_snapshot-on-disk.ts"
import { readLooseRecord } from "./loose-record.ts"

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MEMORY_BYTES = 2 * MIB
const UNREADABLE = "the pager's record of the VM cannot be read"

let pager: PagerUnderTest
beforeAll(async () => {
  pager = await PagerUnderTest.start({ memoryBytes: MEMORY_BYTES })
})
afterAll(async () => {
  await pager[Symbol.asyncDispose]()
})

const filePath = (name: string) => join(pager.directory, "pager", "attachments", name)

test("a VM whose record the next pager cannot read, or that has a note, is ended with a reason; the others go on", async () => {
  const ids = ["vm-future", "vm-torn", "vm-renamed", "vm-noted", "vm-whole"] as const
  const vmms = await Promise.all(ids.map(async (id) => await pager.attachReady(id)))
  await pager.kill9()
  const future = await readFile(filePath("vm-future.json"), "utf8")
  await writeFile(filePath("vm-future.json"), future.replace('"version":1', '"version":2'))
  const torn = await readFile(filePath("vm-torn.json"), "utf8")
  await writeFile(filePath("vm-torn.json"), torn.slice(0, torn.indexOf('"regions"') + 20))
  const renamed = await readFile(filePath("vm-renamed.json"), "utf8")
  await writeFile(filePath("vm-renamed.json"), renamed.replace("vm-renamed", "vm-whole"))
  await writeFile(filePath("vm-noted.failed"), '{"code":"invalid_argument","message":"it held the pager up"}')
  await writeFile(filePath("vm-gone.failed"), "")
  await pager.start()

  const failures = pager.client.watchFailures({})[Symbol.asyncIterator]()
  const reasons = new Map<string, string>()
  while (reasons.size < ids.length) {
    const { value } = (await failures.next()) as { value: { id: string; reason: string } }
    reasons.set(value.id, value.reason)
  }
  expect(Object.fromEntries(reasons)).toEqual({
    "vm-future": UNREADABLE,
    "vm-torn": UNREADABLE,
    "vm-renamed": UNREADABLE,
    "vm-noted": "it held the pager up",
    "vm-gone": "the pager before this one ended the VM",
  })
  const whole = vmms.pop()
  await Promise.all(vmms.map(async (vmm) => await vmm.ended()))
  expect(vmms.map(({ signal }) => signal)).toEqual(Array.from({ length: 4 }, () => "SIGKILL"))
  expect((await pager.client.getPager({})).attachmentIds).toEqual(["vm-whole"])
  expect(await whole?.hash(0, MEMORY_BYTES)).toBe(sha256(pager.snapshot.memory))
  await until(async () => (await pager.records()).every((name) => name.startsWith("vm-whole.")))
  expect((await pager.client.detach({ id: "vm-noted" })).failure).toBe("it held the pager up")
  await failures.return?.()
})

test("a record of an earlier boot kills nobody", async () => {
  const bystander = await pager.attachReady("vm-bystander")
  await pager.kill9()
  const text = await readFile(filePath("vm-bystander.json"), "utf8")
  const bootId = readLooseRecord(text)?.bootId ?? ""
  await writeFile(filePath("vm-bystander.json"), text.replace(bootId, "00000000-0000-0000-0000-000000000000"))
  await pager.start()
  expect(bystander.isRunning).toBe(true)
  expect((await pager.client.detach({ id: "vm-bystander" })).failure).toBe("")
  expect((await pager.records()).some((name) => name.startsWith("vm-bystander"))).toBe(false)
})

test.for([
  ["a whole record", '{"version":1,"bootId":"b-1","vmm":{"pid":12,"startTicks":345},"regions":[]}', 345],
  ["another version's", '{"version":7,"bootId": "b-1", "vmm": {"startTicks": 345, "pid": 12}}', 345],
  ["one cut off in a number", '{"version":1,"bootId":"b-1","vmm":{"pid":12,"startTicks":34', undefined],
  ["nothing", "", undefined],
] as const)("whom a record is about: %s", ([, text, startTicks]) => {
  const expected = startTicks === undefined ? undefined : { bootId: "b-1", vmm: { pid: 12, startTicks } }
  expect(readLooseRecord(text)).toEqual(expected)
})
