import { readFile } from "node:fs/promises"

/** Whom a PostgreSQL server can run as; it refuses to run as root */
export interface UnprivilegedUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const CANDIDATES = ["postgres", "nobody"]

/** Picks a user to drop to; undefined when this process is not root and needs none */
export async function findUnprivilegedUser(): Promise<UnprivilegedUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const passwd = await readFile("/etc/passwd", "utf8")
  const users = passwd.split("\n").map((line) => line.split(":"))
  for (const candidate of CANDIDATES) {
    const fields = users.find(([name]) => name === candidate)
    if (fields !== undefined) return { name: candidate, uid: Number(fields[2]), gid: Number(fields[3]) }
  }
  throw new Error(`find a user to run PostgreSQL as: /etc/passwd has none of ${CANDIDATES.join(", ")}`)
}

/** Puts what runs `argv` as `user` before it */
export function asUser(
  user: UnprivilegedUser | undefined,
  argv: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  if (user === undefined) return argv
  return ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--", ...argv]
}
