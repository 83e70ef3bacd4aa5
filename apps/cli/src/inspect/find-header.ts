import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"

import { PlatformError, TEMPLATE_NAME_PATTERN, isSandboxId } from "@thaw/model"
import { isBuildId } from "@thaw/snapshot-format"
import { z } from "zod"

/** The part of a data directory that says where memory headers are */
export interface HeaderPlaces {
  readonly sandboxesDir: string
  readonly snapshotsDir: string
  readonly namesDir: string
}

const SANDBOX_RECORD = "record.json"
const HEADER_FILE = "memfile.header"

/** Of what names a frozen VM, the part that is read here */
const Reference = z.object({ snapshotId: z.string().refine(isBuildId).optional() })

/**
 * Finds the memory header that a user means: of a sandbox, of a snapshot, in a directory, or a file. A name of a snapshot goes
 * before a file of that name.
 *
 * @throws {PlatformError} `not_found` when there is none, `data_loss` when the file that names it is damaged
 */
export async function findHeader(what: string, places: HeaderPlaces): Promise<string> {
  if (isSandboxId(what)) {
    const recordPath = join(places.sandboxesDir, what, SANDBOX_RECORD)
    return await followReference(recordPath, `sandbox "${what}"`, places)
  }
  if (TEMPLATE_NAME_PATTERN.test(what)) {
    const namePath = join(places.namesDir, `${what}.json`)
    if (await isThere(namePath)) return await followReference(namePath, `snapshot "${what}"`, places)
  }
  const entry = await stat(what).catch(ignoreMissing)
  if (entry !== undefined) return entry.isDirectory() ? join(what, HEADER_FILE) : what
  const message = `"${what}" is no file, and no sandbox or snapshot of this host`
  throw new PlatformError("not_found", message)
}

async function followReference(path: string, whose: string, places: HeaderPlaces): Promise<string> {
  const text = await readFile(path, "utf8").catch(ignoreMissing)
  if (text === undefined) throw new PlatformError("not_found", `there is no ${whose} on this host`)
  const snapshotId = parseReference(path, text)
  if (snapshotId !== undefined) return join(places.snapshotsDir, snapshotId, HEADER_FILE)
  throw new PlatformError("not_found", `${whose} has no frozen memory`)
}

function parseReference(path: string, text: string): string | undefined {
  try {
    return Reference.parse(JSON.parse(text)).snapshotId
  } catch (error) {
    throw new PlatformError("data_loss", `"${path}" is damaged`, { cause: error })
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(ignoreMissing)) !== undefined
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined
  throw error
}
