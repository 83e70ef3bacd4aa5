import { z } from "zod"

import { isBuildId } from "../template/build-id.ts"
import type { RegistryOptions } from "./name-registry.ts"
import { planWarmKey, type WarmSubject } from "./plan-warm-key.ts"
import { RecordDirectory } from "./record-directory.ts"

const recordSchema = z.strictObject({
  formatVersion: z.literal(1),
  snapshotId: z.string().refine(isBuildId, "is not a snapshot id"),
  createdAtMs: z.int().nonnegative(),
  subject: z.strictObject({
    template: z.string(),
    buildId: z.string(),
    vcpus: z.int(),
    memoryMib: z.int(),
    vmm: z.strictObject({
      name: z.literal("qemu"),
      version: z.string(),
      accelerator: z.enum(["kvm", "tcg"]),
    }),
    artifacts: z.string(),
  }),
})

/** A base template that has been booted and frozen in one size */
export type WarmEntry = Readonly<z.infer<typeof recordSchema>>

/** The warm snapshots of one host, by the key of `planWarmKey`. It is a cache: an entry that cannot be used is none. */
export class WarmRegistry {
  readonly #records: RecordDirectory<WarmEntry>
  readonly #options: RegistryOptions

  constructor(directory: string, options: RegistryOptions) {
    this.#records = new RecordDirectory(directory, parseWarmEntry)
    this.#options = options
  }

  /** The entry of a key; undefined without one that can be used */
  async get(key: string): Promise<WarmEntry | undefined> {
    try {
      return await this.#records.read(key)
    } catch (error) {
      this.#options.logger.warn({ err: error, warm: key }, "a warm entry cannot be used")
      return undefined
    }
  }

  /** Writes an entry in place of any other of its key. The snapshot is to be pinned. */
  async set(subject: WarmSubject, snapshotId: string): Promise<WarmEntry> {
    const entry = recordSchema.parse({ formatVersion: 1, snapshotId, createdAtMs: Date.now(), subject })
    await this.#records.write(planWarmKey(subject), entry)
    this.#options.onUnnamed()
    return entry
  }

  /** All that can be used */
  async list(): Promise<WarmEntry[]> {
    return (await this.#records.readAll()).records
  }

  /** Fine when there is none */
  async delete(key: string): Promise<void> {
    if (await this.#records.delete(key)) this.#options.onUnnamed()
  }

  /** Deletes the entries that no create can ask for any more, and those that cannot be used */
  async deleteStale(isStale: (subject: WarmSubject) => boolean): Promise<void> {
    const { records, broken } = await this.#records.readAll()
    for (const { key } of broken) await this.delete(key)
    for (const { subject } of records) if (isStale(subject)) await this.delete(planWarmKey(subject))
  }
}

function parseWarmEntry(text: string, key: string): WarmEntry {
  const entry = recordSchema.parse(JSON.parse(text))
  if (planWarmKey(entry.subject) !== key) throw new TypeError(`warm entry is filed as "${key}"`)
  return entry
}
