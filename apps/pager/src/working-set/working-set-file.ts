import { fstatSync, openSync, closeSync, readFileSync } from "node:fs"
import { link, open, rm } from "node:fs/promises"
import { dirname } from "node:path"

import { syncDirectory } from "@thaw/linux"
import {
  decodeWorkingSet,
  encodeWorkingSet,
  workingSetBytesMax,
  type BlockRange,
} from "@thaw/snapshot-format"

/** What a working set file has to say */
export type WorkingSetFile =
  | { readonly kind: "present"; readonly runs: readonly BlockRange[] }
  | { readonly kind: "absent" }
  /** A snapshot is whole without it: it is recorded anew */
  | { readonly kind: "damaged"; readonly why: string }

/** Reads which pages a restore of `memoryBytes` needed last time */
export function readWorkingSet(path: string, memoryBytes: number): WorkingSetFile {
  try {
    const bytes = readLimited(path, workingSetBytesMax(memoryBytes))
    return { kind: "present", runs: decodeWorkingSet(bytes, memoryBytes) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { kind: "absent" }
    return { kind: "damaged", why: error instanceof Error ? error.message : String(error) }
  }
}

function readLimited(path: string, bytesMax: number): Uint8Array {
  const fd = openSync(path, "r")
  try {
    const { size } = fstatSync(fd)
    if (size > bytesMax) throw new Error(`it has ${size} bytes, at most ${bytesMax} are possible`)
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Writes a working set, whole or not at all.
 *
 * Several VMs of one snapshot record at the same time: the first one's stays.
 *
 * @param pages Page numbers, ascending
 * @returns Whether it is this one's
 */
export async function writeWorkingSet(path: string, pages: readonly number[]): Promise<boolean> {
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}.tmp`
  try {
    await using file = await open(temporary, "wx", 0o600)
    await file.writeFile(encodeWorkingSet(pages))
    await file.sync()
    return await linkNew(temporary, path)
  } finally {
    await rm(temporary, { force: true })
    await syncDirectory(dirname(path))
  }
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  }
}
