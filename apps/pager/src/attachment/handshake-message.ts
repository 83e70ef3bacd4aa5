import { KIB, PlatformError } from "@thaw/model"
import { z } from "zod"

import { PAGE_BYTES, regionSchema, type MemoryRegion } from "../fault-server/memory-regions.ts"

/** Firecracker's message has some 100 bytes for each region */
export const HANDSHAKE_BYTES_MAX = 64 * KIB
const REGIONS_MAX = 64

/**
 * A VMM's handshake: an array of its memory's regions, as Firecracker sends it; src/vmm/src/persist.rs `GuestRegionUffdMapping`, v1.14.
 *
 * Unknown keys are let through: Firecracker has had others.
 */
const messageSchema = z
  .array(
    z
      .object({
        base_host_virt_addr: regionSchema.shape.address,
        size: regionSchema.shape.lengthBytes,
        offset: regionSchema.shape.offsetBytes,
        page_size: z.literal(PAGE_BYTES),
      })
      .transform(({ base_host_virt_addr, size, offset }): MemoryRegion => ({
        address: base_host_virt_addr,
        lengthBytes: size,
        offsetBytes: offset,
      })),
  )
  .min(1)
  .max(REGIONS_MAX)

/**
 * Reads the regions out of a VMM's handshake.
 *
 * @throws {PlatformError} `invalid_argument` saying what is wrong with it
 */
export function parseHandshake(message: Uint8Array): MemoryRegion[] {
  if (message.length >= HANDSHAKE_BYTES_MAX) {
    throw refuse(`it has ${HANDSHAKE_BYTES_MAX} bytes or more`)
  }
  const parsed = messageSchema.safeParse(parseJson(message))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw refuse(issue === undefined ? "it is not valid" : `${issue.path.join(".")}: ${issue.message}`)
}

function parseJson(message: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(message))
  } catch {
    throw refuse("it is not JSON")
  }
}

function refuse(why: string): PlatformError {
  return new PlatformError("invalid_argument", `the VMM's handshake cannot be used: ${why}`)
}
