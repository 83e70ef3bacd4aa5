import { bindLibc } from "../libc/libc.ts"
import { SystemError, errnoName, lastErrno } from "../libc/system-error.ts"

const lseek = bindLibc("int64_t lseek(int fd, int64_t offset, int whence)") as (
  fd: number,
  offset: number,
  whence: number,
) => number

/** include/uapi/linux/fs.h, Linux 6.1 */
const SEEK_DATA = 3
const SEEK_HOLE = 4

export interface Extent {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/**
 * Lists the parts of a file that are not holes, ascending; lseek(2) SEEK_DATA. Moves the descriptor's position.
 *
 * A file system may call a hole data, never the other way round; on tmpfs and ext4 the parts are whole pages or blocks, but for the end of the file.
 *
 * @param sizeBytes Where to end
 */
export function* dataExtents(fd: number, sizeBytes: number): Generator<Extent, void, undefined> {
  let at = 0
  while (at < sizeBytes) {
    const start = seek(fd, at, SEEK_DATA)
    if (start === undefined || start >= sizeBytes) return
    const end = Math.min(seek(fd, start, SEEK_HOLE) ?? start, sizeBytes)
    // The file became shorter in between.
    if (end <= start) return
    yield { offsetBytes: start, lengthBytes: end - start }
    at = end
  }
}

/** undefined: nothing of that kind up to the end of the file */
function seek(fd: number, offsetBytes: number, whence: number): number | undefined {
  const found = lseek(fd, offsetBytes, whence)
  if (found >= 0) return found
  const errno = lastErrno()
  if (errnoName(errno) === "ENXIO") return undefined
  throw new SystemError(`looking for data and holes from byte ${offsetBytes}`, errno)
}
