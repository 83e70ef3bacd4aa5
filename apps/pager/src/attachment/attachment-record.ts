import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import type { PlatformError } from "@thaw/model"
import { z } from "zod"

import type { Interval } from "../fault-server/interval-set.ts"
import { MemoryRegions, regionSchema } from "../fault-server/memory-regions.ts"
import { readRemovedAddresses } from "./event-page.ts"
import { failureNotePath, noteId, readFailureNote } from "./failure-note.ts"
import { readLooseRecord, type LooseRecord } from "./loose-record.ts"
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
  try {
    writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Removes a record and what belongs to it; one that is gone is fine */
export function removeAttachmentRecord(path: string): void {
  rmSync(path, { force: true })
  rmSync(removedJournalPath(path), { force: true })
  rmSync(eventPagePath(path), { force: true })
  rmSync(failureNotePath(path.slice(0, -SUFFIX.length)), { force: true })
}

export interface FoundRecord {
  /** By the file's name */
  readonly id: string
  readonly path: string
  /** undefined when it cannot be understood, or is not there */
  readonly record: AttachmentRecord | undefined
  /** As much of it as could be read whatever its version */
  readonly loose: LooseRecord | undefined
  /** Why the last pager ended the VM, when it could not tell */
  readonly failure: PlatformError | undefined
}

/** Reads all records and notes of a directory, each with what was noted since it was written, and removes what interrupted writes and removals left there */
export function readAttachmentRecords(directory: string): FoundRecord[] {
  const names = readdirSync(directory)
  const recordNames = names.filter((name) => name.endsWith(SUFFIX))
  const failedIds = new Set(names.map(noteId).filter((id) => id !== undefined))
  const ids = new Set([...recordNames.map((name) => name.slice(0, -SUFFIX.length)), ...failedIds])
  const kept = new Set(recordNames.flatMap((name) => [name, removedJournalPath(name), eventPagePath(name)]))
  for (const name of names) {
    if (!kept.has(name) && noteId(name) === undefined) rmSync(join(directory, name), { force: true })
  }
  return [...ids].map((id) => {
    const path = attachmentRecordPath(directory, id)
    const text = readTextIfPossible(path)
    const failure = failedIds.has(id) ? readFailureNote(directory, id) : undefined
    return { id, path, record: readRecord(id, path, text), loose: readLooseRecord(text), failure }
  })
}

function readTextIfPossible(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

function readRecord(id: string, path: string, text: string): AttachmentRecord | undefined {
  try {
    const record = recordSchema.parse(JSON.parse(text))
    if (record.id !== id) return undefined
    return { ...record, removed: [...record.removed, ...readRemovedSince(path, record)] }
  } catch {
    return undefined
  }
}

/** Reads, by memory offset, which ranges a guest gave back in the last events that were read */
export function readLastRemoved(path: string, regions: MemoryRegions): Interval[] {
  return readRemovedAddresses(eventPagePath(path)).flatMap((range) => regions.toOffsets(range))
}

function readRemovedSince(path: string, { regions }: AttachmentRecord): [number, number][] {
  const last = readLastRemoved(path, new MemoryRegions(regions, Infinity))
  return [...readRemovedJournal(removedJournalPath(path)), ...last].map(({ start, end }) => [
    start,
    end - start,
  ])
}
