import { PlatformError, TEMPLATE_NAME_PATTERN, parseTemplateName, type TemplateName } from "@thaw/model"
import type { Logger } from "pino"
import { z } from "zod"

import { isBuildId } from "../template/build-id.ts"
import { RecordDirectory, type BrokenRecord } from "./record-directory.ts"

const templateName = z.custom<TemplateName>(
  (value) => typeof value === "string" && TEMPLATE_NAME_PATTERN.test(value),
  "is not a template name",
)

const recordSchema = z.strictObject({
  formatVersion: z.literal(1),
  name: templateName,
  snapshotId: z.string().refine(isBuildId, "is not a snapshot id"),
  createdAtMs: z.int().nonnegative(),
  /** The sandbox that was frozen */
  sandboxId: z.string(),
  /** The template that the sandbox was created from */
  parent: templateName,
  /** How long the sandbox stood still for it; 0 for one that was paused */
  stopMs: z.number().nonnegative(),
  /** What every sandbox of this template gets */
  vcpus: z.int().positive(),
  memoryMib: z.int().positive(),
})

/** A snapshot template: a name for a frozen VM that sandboxes are created from */
export type NamedTemplate = Readonly<z.infer<typeof recordSchema>>

export interface RegistryOptions {
  readonly logger: Logger
  /** Called when a snapshot may have lost its last name */
  readonly onUnnamed: () => void
}

/** The snapshot templates of one host: `<name>.json` each */
export class NameRegistry {
  readonly #records: RecordDirectory<NamedTemplate>
  readonly #options: RegistryOptions

  constructor(directory: string, options: RegistryOptions) {
    this.#records = new RecordDirectory(directory, parseNamedTemplate)
    this.#options = options
  }

  /**
   * Gives a snapshot a new name. The snapshot is to be pinned.
   *
   * @throws {PlatformError} `already_exists` when the name is taken
   */
  async create(template: Omit<NamedTemplate, "formatVersion">): Promise<NamedTemplate> {
    const record = toRecord(template)
    if (await this.#records.create(record.name, record)) return record
    throw new PlatformError("already_exists", `template "${record.name}" exists already`, {
      details: { template: record.name },
    })
  }

  /**
   * Gives a snapshot a name in one step, whoever has it: the name is never without a snapshot. The one that had it goes, unless
   * something else names it. The new one is to be pinned.
   */
  async replace(template: Omit<NamedTemplate, "formatVersion">): Promise<NamedTemplate> {
    const record = toRecord(template)
    await this.#records.write(record.name, record)
    this.#options.onUnnamed()
    return record
  }

  /** The template of a name; undefined without one. Raises `data_loss` when its record cannot be used. */
  async find(name: string): Promise<NamedTemplate | undefined> {
    const key = parseTemplateName(name)
    try {
      return await this.#records.read(key)
    } catch (error) {
      if (error instanceof Error && "errno" in error) throw error
      throw new PlatformError("data_loss", `template "${name}" cannot be used: its record is damaged`, {
        details: { template: name },
        cause: error,
      })
    }
  }

  /** The template of a name. Raises `not_found`, or `data_loss` when its record cannot be used. */
  async get(name: string): Promise<NamedTemplate> {
    const template = await this.find(name)
    if (template === undefined) throw notFound(name)
    return template
  }

  /** All whose records can be used, by name; the others are logged */
  async list(): Promise<NamedTemplate[]> {
    const { records, broken } = await this.readAll()
    for (const { key, error } of broken) {
      this.#options.logger.error({ err: error, template: key }, "the record of a template cannot be used")
    }
    return records
  }

  /** Every record, and the names of those that cannot be used */
  async readAll(): Promise<{ readonly records: NamedTemplate[]; readonly broken: BrokenRecord[] }> {
    return await this.#records.readAll()
  }

  /** Takes a name away, also one whose record cannot be used. Raises `not_found`. */
  async delete(name: string): Promise<void> {
    if (!(await this.#records.delete(parseTemplateName(name)))) throw notFound(name)
    this.#options.onUnnamed()
  }
}

function toRecord(template: Omit<NamedTemplate, "formatVersion">): NamedTemplate {
  parseTemplateName(template.name)
  return recordSchema.parse({ formatVersion: 1, ...template })
}

function parseNamedTemplate(text: string, key: string): NamedTemplate {
  const record = recordSchema.parse(JSON.parse(text))
  if (record.name !== key) throw new TypeError(`record of template "${record.name}" is filed as "${key}"`)
  return record
}

function notFound(name: string): PlatformError {
  return new PlatformError("not_found", `template "${name}" does not exist`, { details: { template: name } })
}
