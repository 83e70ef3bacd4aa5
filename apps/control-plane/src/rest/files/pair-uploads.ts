import { PlatformError } from "@thaw/model"

import { spoolFile, type SpooledFile } from "../../operations/spooled-file.ts"
import { toFormError, type UploadPart } from "./upload-parts.ts"

/** A path and the file that goes with it */
export interface Upload {
  readonly path: string
  readonly user: string | undefined
  readonly mode: string | undefined
  readonly content: AsyncIterable<Uint8Array>
}

export interface PairOptions {
  /** Called for one pair after the other; must take the content to its end */
  readonly write: (upload: Upload) => Promise<void>
  readonly spoolDir: string
}

/**
 * Brings the paths and files of a form together: the nth path with the nth file, `user` and `mode` as they stand when the second of the two
 * comes (see `UploadFieldSchemas`).
 *
 * A file whose path has come streams through; one whose path has not waits on disk.
 */
export async function pairUploads(parts: AsyncIterable<UploadPart>, options: PairOptions): Promise<void> {
  await using waiting = new WaitingHalves()
  const settings: { user?: string | undefined; mode?: string | undefined } = {}
  let isSettingUsed = true
  let pairs = 0
  const write = async (path: string, content: AsyncIterable<Uint8Array>) => {
    await options.write({ path, user: settings.user, mode: settings.mode, content })
    isSettingUsed = true
    pairs++
  }
  for await (const part of parts) {
    if (part.name === "file") {
      const path = waiting.paths.shift()
      const content = formContent(part.content)
      if (path === undefined) waiting.files.push(await spoolFile(options.spoolDir, content))
      else await write(path, content)
    } else if (part.name === "path") {
      await using file = waiting.files.shift()
      if (file === undefined) waiting.paths.push(part.value)
      else await write(part.value, file.read())
    } else {
      settings[part.name] = part.value === "" ? undefined : part.value
      isSettingUsed = false
    }
  }
  if (waiting.paths.length > 0) throw badForm(`path "${waiting.paths[0]}" has no file`)
  if (waiting.files.length > 0) throw badForm("a file has no path")
  if (pairs === 0) throw badForm("it has no path and no file")
  if (!isSettingUsed)
    throw badForm('"user" and "mode" must come before the second half of the pair they are for')
}

/** Paths without their file, or files without their path; never both */
class WaitingHalves implements AsyncDisposable {
  readonly paths: string[] = []
  readonly files: SpooledFile[] = []

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.files) await file[Symbol.asyncDispose]()
  }
}

async function* formContent(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* file
  } catch (error) {
    throw toFormError(error)
  }
}

function badForm(problem: string): PlatformError {
  return new PlatformError("invalid_argument", `form is not valid: ${problem}`)
}
