import { mkdirSync, readFileSync } from "node:fs"
import { dirname } from "node:path"

import { bindLibc } from "../libc/libc.ts"
import { SystemError, errnoName, lastErrno } from "../libc/system-error.ts"
import { lockDirectory } from "./lock-file.ts"

const mount = bindLibc(
  "int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)",
) as (source: string, target: string, type: string, flags: number, data: string) => number
const umount2 = bindLibc("int umount2(const char *target, int flags)") as (
  target: string,
  flags: number,
) => number

/** include/uapi/linux/mount.h, Linux 6.1 */
const MS_NOSUID = 2
const MS_NODEV = 4
const MS_NOEXEC = 8
const MNT_DETACH = 2

export interface TmpfsOptions {
  /** Of its root directory */
  readonly mode: number
  /** Most it may hold; half of the machine's memory when absent */
  readonly sizeBytes?: number
}

/**
 * Mounts a tmpfs at `path`, which is made when it is missing, unless one is mounted exactly there; tmpfs(5).
 *
 * One process at a time looks and mounts: of two mounts the later would hide what is in the earlier.
 *
 * @returns Whether it was mounted now
 */
export function ensureTmpfs(path: string, options: TmpfsOptions): boolean {
  mkdirSync(path, { recursive: true, mode: options.mode })
  using _lock = lockDirectory(dirname(path))
  if (readMountType(path) === "tmpfs") return false
  const size = options.sizeBytes === undefined ? "" : `,size=${options.sizeBytes}`
  const data = `mode=0${options.mode.toString(8)}${size}`
  if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, data) !== 0) {
    throw SystemError.last(`mounting a tmpfs at '${path}'`)
  }
  return true
}

/** Takes away what is mounted at `path`, once nothing uses it; fine when nothing is; umount2(2) MNT_DETACH */
export function unmount(path: string): void {
  if (umount2(path, MNT_DETACH) === 0) return
  const errno = lastErrno()
  // EINVAL: no mount point.
  if (errnoName(errno) === "EINVAL" || errnoName(errno) === "ENOENT") return
  throw new SystemError(`unmounting '${path}'`, errno)
}

/**
 * Reads the type of the file system mounted last at exactly `path`; undefined when it is no mount point.
 *
 * Columns of `/proc/self/mountinfo`: mount point is the fifth, type the one after the lone hyphen; proc(5).
 */
export function readMountType(path: string): string | undefined {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n")
  const line = lines.findLast((candidate) => unescapeMountPoint(candidate.split(" ")[4] ?? "") === path)
  return line?.split(" - ")[1]?.split(" ")[0]
}

/** Blanks, tabs, line feeds and backslashes stand there as three octal digits */
function unescapeMountPoint(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
}
