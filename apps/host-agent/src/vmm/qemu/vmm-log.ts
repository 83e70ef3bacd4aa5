import { open, stat } from "node:fs/promises"

const TAIL_BYTES = 4000

/** What one VMM says in a log that it shares with those before it */
export class VmmLog {
  readonly path: string
  readonly #startBytes: number

  private constructor(path: string, startBytes: number) {
    this.path = path
    this.#startBytes = startBytes
  }

  /** To be called before the VMM is started */
  static async open(path: string): Promise<VmmLog> {
    return new VmmLog(path, await sizeOf(path))
  }

  /** The end of it; empty when nothing was said */
  async tail(): Promise<string> {
    const size = await sizeOf(this.path)
    if (size <= this.#startBytes) return ""
    const position = Math.max(this.#startBytes, size - TAIL_BYTES)
    await using file = await open(this.path, "r")
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - position), position })
    return buffer.subarray(0, bytesRead).toString().trim()
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0
    throw error
  }
}
