import { writeSync } from "node:fs"

const STDOUT_FD = 1

/**
 * Standard output for log lines. A line that cannot be written, to a full disk or to a pipe that nobody reads, is lost, and whoever logs goes on.
 *
 * @param fd Another descriptor in its place
 */
export function openLogOutput(fd = STDOUT_FD): { write(line: string): void } {
  let isTorn = false
  return {
    write: (line) => {
      // What was cut off is a line of its own.
      const bytes = Buffer.from(isTorn ? `\n${line}` : line)
      let done = 0
      try {
        while (done < bytes.length) done += writeSync(fd, bytes, done)
        isTorn = false
      } catch {
        isTorn ||= done > 0
      }
    },
  }
}
