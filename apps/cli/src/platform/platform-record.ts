import { mkdir, readFile, rm } from "node:fs/promises"
import { dirname } from "node:path"

import { readBootId, writeFileAtomic } from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import { z } from "zod"

const Identity = z.object({ pid: z.number().int(), startTicks: z.number().int() })

const Record = z.object({
  version: z.literal(1),
  /** `preparing` the host, `starting` the processes, `ready` for requests, `stopping` */
  state: z.enum(["preparing", "starting", "ready", "stopping"]),
  supervisor: Identity,
  processes: z.array(Identity.extend({ name: z.string(), startedAtMs: z.number() })),
  url: z.string(),
  port: z.number().int(),
  agentPort: z.number().int(),
  startedAtMs: z.number(),
  /** Of the boot that the processes belong to: after another one, their numbers may be those of others */
  bootId: z.string(),
})

/** The platform of a data directory, written by its supervisor for as long as it runs */
export type PlatformRecord = z.infer<typeof Record>

/**
 * Reads the record; undefined when there is none, or only one of an earlier boot.
 *
 * @throws {PlatformError} `permission_denied` when this user may not read it, `internal` when it is damaged
 */
export async function readPlatformRecord(path: string): Promise<PlatformRecord | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined
    if (error.code === "EACCES") {
      throw new PlatformError("permission_denied", `"${path}" may be read by root only; run this as root`)
    }
    throw error
  })
  if (text === undefined) return undefined
  const record = parseRecord(path, text)
  return record.bootId === (await readBootId()) ? record : undefined
}

function parseRecord(path: string, text: string): PlatformRecord {
  try {
    return Record.parse(JSON.parse(text))
  } catch (error) {
    throw new PlatformError("internal", `"${path}" is damaged; end the platform's processes and delete it`, {
      cause: error,
    })
  }
}

export async function writePlatformRecord(path: string, record: PlatformRecord): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await writeFileAtomic(path, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o644 })
}

export async function removePlatformRecord(path: string): Promise<void> {
  await rm(path, { force: true })
}
