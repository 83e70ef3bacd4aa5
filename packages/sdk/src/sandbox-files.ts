import { Readable } from "node:stream"

import {
  FileResponseSchema,
  ListFilesResponseSchema,
  ROUTES,
  RemoveFileResponseSchema,
  WriteFilesResponseSchema,
  formatMode,
  type FileEntryBody,
  type ListFilesResponse,
} from "@thaw/api"
import { PlatformError } from "@thaw/model"

import type { FormPart } from "./multipart.ts"
import { openMultipartBody } from "./multipart.ts"
import type { RestCaller } from "./rest-caller.ts"

/** As whom files are touched; default: the template's default user */
export interface AsUser {
  readonly user?: string
  readonly signal?: AbortSignal
}

/** A range of a file's bytes; `lengthBytes` left out: to the end */
export interface ByteRange {
  readonly offsetBytes: number
  readonly lengthBytes?: number
}

/** A file part must have a name to be one; the path says where the file goes */
const FILE_NAME = "file"
const STATUS_PARTIAL = 206

/** The files of one sandbox */
export class SandboxFiles {
  readonly #caller: RestCaller
  readonly #id: string

  constructor(caller: RestCaller, id: string) {
    this.#caller = caller
    this.#id = id
  }

  /**
   * Writes one file, which appears as a whole or not at all. The content is streamed, never held.
   *
   * @param options `mode`: permission bits. Default: those of the replaced file, else 0644
   */
  async write(
    path: string,
    content: AsyncIterable<Uint8Array>,
    options: AsUser & { mode?: number } = {},
  ): Promise<FileEntryBody> {
    const parts: FormPart[] = [{ name: "path", text: path }]
    if (options.user !== undefined) parts.push({ name: "user", text: options.user })
    if (options.mode !== undefined) parts.push({ name: "mode", text: formatMode(options.mode) })
    parts.push({ name: "file", fileName: FILE_NAME, content })
    const form = openMultipartBody(parts)
    const { entries } = await this.#caller.callJson(ROUTES.writeFiles, WriteFilesResponseSchema, {
      id: this.#id,
      body: form.stream,
      contentType: form.contentType,
      signal: options.signal,
    })
    const [entry] = entries
    if (entry === undefined) throw new PlatformError("internal", `the server wrote nothing to "${path}"`)
    return entry
  }

  /** Reads one file; the stream fails with ECONNRESET when the connection breaks before its end */
  async read(path: string, options: AsUser & { range?: ByteRange } = {}): Promise<Readable> {
    const { range } = options
    // No Range header can ask for nothing. Whether the file is there is told all the same.
    if (range?.lengthBytes === 0) {
      await this.stat(path, options)
      return Readable.from([], { objectMode: false })
    }
    const response = await this.#caller.call(ROUTES.readFile, {
      id: this.#id,
      json: { path, user: options.user },
      signal: options.signal,
      ...(range === undefined ? {} : { headers: { range: formatRange(range) } }),
    })
    if (range !== undefined && response.statusCode !== STATUS_PARTIAL) {
      response.destroy()
      throw new PlatformError(
        "internal",
        `the server answered ${response.statusCode} to a range of "${path}"`,
      )
    }
    return response
  }

  async list(path: string, options: AsUser = {}): Promise<ListFilesResponse> {
    return await this.#post(ROUTES.listFiles, ListFilesResponseSchema, { path }, options)
  }

  /** @param options `followSymlink` false describes a symlink itself. Default: true */
  async stat(path: string, options: AsUser & { followSymlink?: boolean } = {}): Promise<FileEntryBody> {
    const body = { path, follow_symlink: options.followSymlink }
    return (await this.#post(ROUTES.statFile, FileResponseSchema, body, options)).entry
  }

  /** @param options `parents` also makes the directories above, and takes an existing directory for success */
  async makeDir(
    path: string,
    options: AsUser & { mode?: number; parents?: boolean } = {},
  ): Promise<FileEntryBody> {
    const mode = options.mode === undefined ? undefined : formatMode(options.mode)
    const body = { path, mode, parents: options.parents }
    return (await this.#post(ROUTES.makeDir, FileResponseSchema, body, options)).entry
  }

  async move(
    from: string,
    to: string,
    options: AsUser & { overwrite?: boolean } = {},
  ): Promise<FileEntryBody> {
    const body = { from, to, overwrite: options.overwrite }
    return (await this.#post(ROUTES.moveFile, FileResponseSchema, body, options)).entry
  }

  async remove(path: string, options: AsUser & { recursive?: boolean } = {}): Promise<void> {
    const body = { path, recursive: options.recursive }
    await this.#post(ROUTES.removeFile, RemoveFileResponseSchema, body, options)
  }

  #post: RestCaller["postJson"] = (route, schema, body, options) =>
    this.#caller.postJson(route, schema, body, { ...options, id: this.#id })
}

/** RFC 9110 §14.1.2 */
function formatRange(range: ByteRange): string {
  const last = range.lengthBytes === undefined ? "" : range.offsetBytes + range.lengthBytes - 1
  return `bytes=${range.offsetBytes}-${last}`
}
