import { constants } from "node:fs"
import { open, readFile, rm } from "node:fs/promises"

import { PlatformError } from "@thaw/model"
import { z } from "zod"

import { nameDiskFull } from "../../disk-full.ts"
import type { RootfsBase } from "../rootfs-store.ts"
import { checkHeader } from "./check-header.ts"
import { CLUSTER_BYTES } from "./qcow2-format.ts"

const schema = z.strictObject({
  version: z.literal(1),
  path: z.string(),
  sizeBytes: z.int().positive(),
  format: z.enum(["raw", "qcow2"]),
})

/** Notes what an overlay is built on, where its VMM cannot change it. `syncFile` makes it durable. */
export async function writeOverlayBase(
  path: string,
  { path: basePath, sizeBytes, format }: RootfsBase,
): Promise<void> {
  const note: z.infer<typeof schema> = { version: 1, path: basePath, sizeBytes, format }
  try {
    await using file = await open(path, "w", 0o600)
    await file.writeFile(`${JSON.stringify(note)}\n`)
  } catch (error) {
    await rm(path, { force: true })
    throw nameDiskFull(error)
  }
}

/**
 * Reads what `writeOverlayBase` noted.
 *
 * @throws {PlatformError} `data_loss` when it is missing or damaged
 */
export async function readOverlayBase(path: string): Promise<RootfsBase> {
  try {
    const { version: _, ...base } = schema.parse(JSON.parse(await readFile(path, "utf8")))
    return base
  } catch (cause) {
    throw new PlatformError("data_loss", "what the sandbox's root file system is built on is not known", {
      cause,
    })
  }
}

/**
 * Makes sure that opening an overlay opens `base` and no other file. Nobody may write the overlay from then on until it is
 * opened.
 *
 * @throws {PlatformError} `data_loss` when it names anything else
 */
export async function checkOverlay(path: string, base: RootfsBase): Promise<void> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(CLUSTER_BYTES), 0, CLUSTER_BYTES, 0)
  checkHeader(buffer.subarray(0, bytesRead), base)
}
