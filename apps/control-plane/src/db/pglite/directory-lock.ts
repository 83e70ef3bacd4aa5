import { createHash } from "node:crypto"
import { once } from "node:events"
import { realpath } from "node:fs/promises"
import { createServer } from "node:net"

/**
 * Takes a directory for this process until disposed. Raises an error when another has it.
 *
 * The lock is a unix socket in Linux's abstract namespace (unix(7)): it needs no file, and is free again when the process ends, however
 * that happens.
 */
export async function lockDirectory(dir: string): Promise<AsyncDisposable> {
  const name = createHash("sha256")
    .update(await realpath(dir))
    .digest("hex")
  const server = createServer((socket) => socket.destroy())
  server.listen(`\0thaw-directory-${name}`)
  try {
    await once(server, "listening")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error
    throw new Error(`open "${dir}": another process has it open`, { cause: error })
  }
  server.unref()
  return {
    [Symbol.asyncDispose]: async () => {
      if (!server.listening) return
      const closed = once(server, "close")
      server.close()
      await closed
    },
  }
}
