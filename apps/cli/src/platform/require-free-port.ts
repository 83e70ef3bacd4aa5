import { once } from "node:events"
import { createServer } from "node:net"

import { PlatformError } from "@thaw/model"

/**
 * Checks that this process could listen on a loopback port.
 *
 * @param option The option that chooses another one
 * @throws {PlatformError} `wrong_state` when the port is taken, `permission_denied` when it may not be used
 */
export async function requireFreePort(port: number, option: string): Promise<void> {
  const server = createServer()
  server.listen(port, "127.0.0.1")
  try {
    await once(server, "listening")
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EADDRINUSE") {
      const message = `port ${port} is taken by another program; choose another one with ${option}`
      throw new PlatformError("wrong_state", message, { cause: error })
    }
    throw new PlatformError("permission_denied", `port ${port} cannot be used (${code})`, { cause: error })
  }
  server.close()
  await once(server, "close")
}
