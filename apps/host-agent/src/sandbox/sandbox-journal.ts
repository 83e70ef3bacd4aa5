import { mkdir, readFile, readdir, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"

import { syncDirectory, writeFileAtomic } from "@thaw/linux"
import type { SandboxId } from "@thaw/model"

import { nameDiskFull } from "../disk-full.ts"
import { parseSandboxRecord, type SandboxRecord } from "./sandbox-record.ts"

const RECORD_FILE = "record.json"
const BROKEN_DIR = "broken"

/** A directory below the journal whose record cannot be used */
export interface BrokenEntry {
  readonly name: string
  readonly error: unknown
  /** Whether a record was there; without one, the create had not got as far as having anything */
  readonly hasRecord: boolean
}

/** The host's durable memory of its sandboxes: one directory each, with a record that is written before every effect */
export class SandboxJournal {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  directoryOf(id: SandboxId): string {
    return join(this.#directory, id)
  }

  /** Writes a record durably, and the sandbox's directory with the first one */
  async write(record: SandboxRecord): Promise<void> {
    const directory = this.directoryOf(record.spec.id)
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await writeFileAtomic(join(directory, RECORD_FILE), JSON.stringify(record), { mode: 0o600 })
    } catch (error) {
      throw nameDiskFull(error)
    }
  }

  /** Deletes a sandbox's directory with all that is in it; fine when it is gone */
  async remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { recursive: true, force: true })
    await syncDirectory(this.#directory)
  }

  /** Deletes a directory without a record; one whose record cannot be read goes to `broken/` beside the journal, for people to look at */
  async discard(entry: BrokenEntry): Promise<void> {
    if (!entry.hasRecord) return await this.remove(entry.name)
    const keepIn = join(dirname(this.#directory), BROKEN_DIR)
    await mkdir(keepIn, { recursive: true, mode: 0o700 })
    await rename(join(this.#directory, entry.name), join(keepIn, `${entry.name}-${Date.now()}`))
  }

  /** Whether records that could not be used wait for people to look at; what they name is not known */
  async hasBroken(): Promise<boolean> {
    try {
      return (await readdir(join(dirname(this.#directory), BROKEN_DIR))).length > 0
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false
      throw error
    }
  }

  /** Reads every record; directories without a usable one are named, never skipped */
  async readAll(): Promise<{ readonly records: SandboxRecord[]; readonly broken: BrokenEntry[] }> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const records: SandboxRecord[] = []
    const broken: BrokenEntry[] = []
    for (const name of await readdir(this.#directory)) {
      try {
        records.push(parseSandboxRecord(await readFile(join(this.#directory, name, RECORD_FILE), "utf8")))
      } catch (error) {
        broken.push({ name, error, hasRecord: (error as NodeJS.ErrnoException).code !== "ENOENT" })
      }
    }
    return { records, broken }
  }
}
