import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { expect, onTestFinished, test } from "vitest"

import { JOURNAL_BYTES, RemovedJournal, readRemovedJournal } from "./removed-journal.ts"

function makePath(): string {
  const directory = mkdtempSync(join(tmpdir(), "removed-journal-test-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return join(directory, "vm.removed")
}

test("a journal has all its room from the start, says when it is full, and begins anew", () => {
  const path = makePath()
  using journal = new RemovedJournal(path, { isKept: false })
  expect(statSync(path).size).toBe(JOURNAL_BYTES)
  expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(JOURNAL_BYTES)
  let count = 0
  while (journal.append([{ start: count, end: count + 1 }])) count++
  expect(readRemovedJournal(path)).toHaveLength(count)
  expect(statSync(path).size).toBe(JOURNAL_BYTES)
  journal.clear()
  expect(readRemovedJournal(path)).toEqual([])
  expect(journal.append([{ start: 4096, end: 8192 }])).toBe(true)
  expect(readRemovedJournal(path)).toEqual([{ start: 4096, end: 8192 }])
})

test("the next pager goes on after the last whole line", () => {
  const path = makePath()
  const first = new RemovedJournal(path, { isKept: false })
  first.append([{ start: 0, end: 4096 }])
  first[Symbol.dispose]()
  truncateSync(path, "0 4096\n".length)
  appendFileSync(path, "8192 12")
  using second = new RemovedJournal(path, { isKept: true })
  second.append([{ start: 16_384, end: 20_480 }])
  expect(readRemovedJournal(path)).toEqual([
    { start: 0, end: 4096 },
    { start: 16_384, end: 20_480 },
  ])
  expect(statSync(path).size).toBe(JOURNAL_BYTES)
})
