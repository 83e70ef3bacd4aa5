import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { z } from "zod"

import { MemoryRegions, regionSchema } from "../fault-server/memory-regions.ts"
import { readRemovedAddresses } from "./event-page.ts"
import { readRemovedJournal } from "./removed-journal.ts"

/**
 * All that another pager needs to go on serving a VM.
 *
 * Written whole and renamed, so that a killed pager leaves the old one or the new one. Not synced to the disk: a machine that loses power loses its
 * VMs too, and the boot id tells.
 */
export type AttachmentRecord = z.infer<typeof recordSchema>

const byteCount = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const recordSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  bootId: z.string(),
  vmm: z.object({ pid: z.number().int().positive(), startTicks: z.number().int().min(0) }),
  regions: z.array(regionSchema),
  headerPath: z.string(),
  buildsDir: z.string(),
  /** Offset and length of memory that the guest gave back: it is zero, whatever the snapshot says */
  removed: z.array(z.tuple([byteCount, byteCount])),
})

const SUFFIX = ".json"
const JOURNAL_SUFFIX = ".removed"
const EVENTS_SUFFIX = ".events"

export function attachmentRecordPath(directory: string, id: string): string {
  return join(directory, `${id}${SUFFIX}`)
}

/** Where what the guest gave back since is noted */
export function removedJournalPath(recordPath: string): string {
  return `${recordPath.slice(0, -SUFFIX.length)}${JOURNAL_SUFFIX}`
}

/** Where its last events are */
export function eventPagePath(recordPath: string): string {
  return `${recordPath.slice(0, -SUFFIX.length)}${EVENTS_SUFFIX}`
}

/** Writes a record in place of the one that is there */
export function writeAttachmentRecord(path: string, record: AttachmentRecord): void {
  const temporary = `${path}.tmp`
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 })
  renameSync(temporary, path)
}

/** Removes a record and what belongs to it; one that is gone is fine */
export function removeAttachmentRecord(path: string): void {
  rmSync(path, { force: true })
  rmSync(removedJournalPath(path), { force: true })
  rmSync(eventPagePath(path), { force: true })
}

export interface FoundRecord {
  readonly path: string
  /** undefined when it cannot be understood */
  readonly record: AttachmentRecord | undefined
}

/** Reads all records of a directory, each with what was noted since it was written, and removes what interrupted writes and removals left there */
export function readAttachmentRecords(directory: string): FoundRecord[] {
  const names = readdirSync(directory)
  const recordNames = names.filter((name) => name.endsWith(SUFFIX))
  const kept = new Set(recordNames.flatMap((name) => [name, removedJournalPath(name), eventPagePath(name)]))
  for (const name of names) if (!kept.has(name)) rmSync(join(directory, name), { force: true })
  return recordNames.map((name) => {
    const path = join(directory, name)
    return { path, record: readRecord(path) }
  })
}

function readRecord(path: string): AttachmentRecord | undefined {
  const text = readFileSync(path, "utf8")
  try {
    const record = recordSchema.parse(JSON.parse(text))
    return { ...record, removed: [...record.removed, ...readRemovedSince(path, record)] }
  } catch {
    return undefined
  }
}

function readRemovedSince(path: string, { regions }: AttachmentRecord): [number, number][] {
  const memory = new MemoryRegions(regions, Infinity)
  const last = readRemovedAddresses(eventPagePath(path)).flatMap((range) => memory.toOffsets(range))
  return [...readRemovedJournal(removedJournalPath(path)), ...last].map(({ start, end }) => [
    start,
    end - start,
  ])
}
