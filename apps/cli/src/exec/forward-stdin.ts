import type { Readable } from "node:stream"

import type { ExecSession } from "@thaw/sdk"

/** Input is cut into messages no longer than this */
const MESSAGE_BYTES_MAX = 64 * 1024

/** Passes input on to a command, as fast as the connection takes it, and its end */
export async function forwardStdin(stdin: Readable, session: ExecSession): Promise<void> {
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += MESSAGE_BYTES_MAX) {
      await session.writeStdin(chunk.subarray(at, at + MESSAGE_BYTES_MAX))
    }
  }
  await session.closeStdin()
}
