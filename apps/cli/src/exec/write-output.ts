import { once } from "node:events"
import type { Writable } from "node:stream"

/** Nobody reads the output any more */
export class OutputClosedError extends Error {
  override readonly name = "OutputClosedError"
}

/**
 * Writes to a stream and waits while it is full.
 *
 * @throws {OutputClosedError} when its reader is gone
 */
export async function writeOutput(stream: Writable, data: Uint8Array): Promise<void> {
  if (stream.errored !== null || stream.destroyed) throw new OutputClosedError("the output is closed")
  if (stream.write(data)) return
  try {
    await once(stream, "drain")
  } catch (error) {
    throw new OutputClosedError("the output is closed", { cause: error })
  }
}
