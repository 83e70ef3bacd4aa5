import { CommandFailedError, run } from "@thaw/linux"
import { PlatformError } from "@thaw/model"
import { z } from "zod"

const TIMEOUT_MS = 30_000

const imageSchema = z.object({
  filename: z.string(),
  format: z.string(),
  "virtual-size": z.int(),
  snapshots: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
})

/** One file of a chain of qcow2 overlays */
export interface ChainImage {
  readonly path: string
  readonly format: string
  readonly sizeBytes: number
  /** Internal snapshots, oldest first */
  readonly seals: readonly string[]
}

/**
 * Reads a file and all it is built on, top first.
 *
 * @throws {PlatformError} `data_loss` when one of them is missing or no image
 */
export async function readImageChain(path: string): Promise<readonly [ChainImage, ...ChainImage[]]> {
  const argv = ["qemu-img", "info", "--backing-chain", "--output=json", "-f", "qcow2", path] as const
  const [top, ...rest] = z
    .array(imageSchema)
    .parse(JSON.parse(await readInfo(argv)))
    .map(toChainImage)
  if (top !== undefined) return [top, ...rest]
  throw new PlatformError("internal", "the sandbox's root file system could not be read")
}

async function readInfo(argv: readonly [string, ...string[]]): Promise<string> {
  try {
    return (await run(argv, { timeoutMs: TIMEOUT_MS })).stdout
  } catch (error) {
    if (!(error instanceof CommandFailedError) || error.exitCode === null) throw error
    throw new PlatformError("data_loss", "the sandbox's root file system, or a layer of it, is damaged", {
      cause: error,
    })
  }
}

function toChainImage(image: z.infer<typeof imageSchema>): ChainImage {
  // QEMU counts ids up: the highest is the newest.
  const snapshots = image.snapshots.toSorted((a, b) => Number(a.id) - Number(b.id))
  return {
    path: image.filename,
    format: image.format,
    sizeBytes: image["virtual-size"],
    seals: snapshots.map(({ name }) => name),
  }
}
