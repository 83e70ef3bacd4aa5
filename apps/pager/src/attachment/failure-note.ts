import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { PlatformError, toErrorCode } from "@thaw/model"
import { z } from "zod"

/** Why a VM was ended, from a pager that had to end with it to the next one */
const noteSchema = z.object({ code: z.string(), message: z.string() })

const SUFFIX = ".failed"

/** The id of the VM whose note a file name is; undefined when it is another file's */
export function noteId(name: string): string | undefined {
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : undefined
}

/** @param stem The path without its ending, which all files of one VM share */
export function failureNotePath(stem: string): string {
  return `${stem}${SUFFIX}`
}

/** Writes a note, for `readFailureNote` of the next pager */
export function writeFailureNote(directory: string, id: string, { code, message }: PlatformError): void {
  writeFileSync(failureNotePath(join(directory, id)), JSON.stringify({ code, message }), { mode: 0o600 })
}

/** Reads a note; one that cannot be read still says that there was a failure */
export function readFailureNote(directory: string, id: string): PlatformError {
  try {
    const note = noteSchema.parse(JSON.parse(readFileSync(failureNotePath(join(directory, id)), "utf8")))
    return new PlatformError(toErrorCode(note.code) ?? "internal", note.message)
  } catch (error) {
    return new PlatformError("internal", "the pager before this one ended the VM", { cause: error })
  }
}
