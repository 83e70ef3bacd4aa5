import { link, open, readdir, rm, unlink } from "node:fs/promises"
import { join } from "node:path"

import { syncDirectory, writeFileAtomic } from "@thaw/linux"

import { writeSynced } from "./synced-file.ts"

const SUFFIX = ".json"
/** What interrupted writes leave; no reader looks at it */
const TEMPORARY_SUFFIX = ".tmp"
const FILE_MODE = 0o600
const RECORD_BYTES_MAX = 64 * 1024

/** A record that is there but cannot be used */
export interface BrokenRecord {
  readonly key: string
  readonly error: unknown
}

/** A directory with one JSON file per key. Every change is durable and whole. */
export class RecordDirectory<T> {
  readonly #directory: string
  readonly #parse: (text: string, key: string) => T

  /** @param parse Throws for text that is no record of `key` */
  constructor(directory: string, parse: (text: string, key: string) => T) {
    this.#directory = directory
    this.#parse = parse
  }

  /** The record of a key; undefined without one. Throws when there is one that cannot be used. */
  async read(key: string): Promise<T | undefined> {
    try {
      await using file = await open(this.#pathOf(key), "r")
      const { size } = await file.stat()
      if (size > RECORD_BYTES_MAX)
        throw new RangeError(`record has ${size} bytes, at most ${RECORD_BYTES_MAX} are read`)
      return this.#parse(await file.readFile("utf8"), key)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
      throw error
    }
  }

  /** Writes a record unless there is one. Says whether it did. */
  async create(key: string, record: T): Promise<boolean> {
    const path = this.#pathOf(key)
    const temporary = `${path}.${process.hrtime.bigint()}${TEMPORARY_SUFFIX}`
    try {
      await writeSynced(temporary, format(record), { mode: FILE_MODE })
      await link(temporary, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
      throw error
    } finally {
      await rm(temporary, { force: true })
    }
    await syncDirectory(this.#directory)
    return true
  }

  /** Writes a record in place of any that is there */
  async write(key: string, record: T): Promise<void> {
    await writeFileAtomic(this.#pathOf(key), format(record), { mode: FILE_MODE })
  }

  /** Says whether there was one */
  async delete(key: string): Promise<boolean> {
    try {
      await unlink(this.#pathOf(key))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false
      throw error
    }
    await syncDirectory(this.#directory)
    return true
  }

  /** Every record by key; those that cannot be used are named, never skipped */
  async readAll(): Promise<{ readonly records: T[]; readonly broken: BrokenRecord[] }> {
    const records: T[] = []
    const broken: BrokenRecord[] = []
    for (const name of (await readdir(this.#directory)).sort()) {
      if (!name.endsWith(SUFFIX)) continue
      const key = name.slice(0, -SUFFIX.length)
      try {
        const record = await this.read(key)
        if (record !== undefined) records.push(record)
      } catch (error) {
        broken.push({ key, error })
      }
    }
    return { records, broken }
  }

  #pathOf(key: string): string {
    return join(this.#directory, `${key}${SUFFIX}`)
  }
}

/** Removes what interrupted writes left. Nothing may be writing. */
export async function removeTemporaries(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(TEMPORARY_SUFFIX)) await rm(join(directory, name), { force: true })
  }
}

function format(record: unknown): string {
  return `${JSON.stringify(record, null, 2)}\n`
}
