import { open } from "node:fs/promises"

/** Reads what was appended to a log since `offset`, at most `bytesMax` of it counted from the end */
export async function readLogTail(
  path: string,
  options: { offset: number; bytesMax: number },
): Promise<string> {
  await using file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (file === undefined) return ""
  const { size } = await file.stat()
  const start = Math.max(options.offset, size - options.bytesMax)
  const buffer = Buffer.alloc(Math.max(0, size - start))
  const { bytesRead } = await file.read(buffer, 0, buffer.length, start)
  return buffer.subarray(0, bytesRead).toString()
}
