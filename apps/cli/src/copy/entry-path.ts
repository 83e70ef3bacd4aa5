import { posix } from "node:path"

import type { FileEntryBody } from "@thaw/api"
import { PlatformError } from "@thaw/model"

/** Name of a copy of `/`, which has none */
const NAME_OF_ROOT = "root"

/** Path of an entry of a listing. Raises `unimplemented` for one that is not UTF-8: no command line can name it. */
export function pathOfEntry(entry: FileEntryBody): string {
  if (entry.path_encoding === undefined) return entry.path
  const shown = Buffer.from(entry.path, "base64").toString()
  throw new PlatformError("unimplemented", `"${shown}" is not a UTF-8 path and cannot be copied`)
}

/**
 * Name under which an entry is stored in its directory.
 *
 * A sandbox is not trusted: a name that would lead out of the directory raises `internal`.
 */
export function nameOfEntry(entry: FileEntryBody): string {
  const name = posix.basename(pathOfEntry(entry))
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0")) {
    throw new PlatformError("internal", `the sandbox names a file "${entry.path}", which cannot be stored`)
  }
  return name
}

/**
 * Name under which what was asked for is stored in a directory: the last part of the path that was asked for, whatever the
 * sandbox says. Only `.` and `..` leave it to the sandbox to tell the name.
 */
export function nameOfCopy(from: string, entry: FileEntryBody): string {
  const name = posix.basename(posix.normalize(from))
  if (name === "") return NAME_OF_ROOT
  if (name !== "." && name !== "..") return name
  const path = posix.normalize(pathOfEntry(entry))
  return path === "/" ? NAME_OF_ROOT : nameOfEntry({ ...entry, path })
}
