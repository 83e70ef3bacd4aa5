import { HeaderIndex, namedBuilds, type BuildId, type MemoryHeader } from "@thaw/snapshot-format"

import { BuildReader } from "./build-reader.ts"
import { readHeaderFile } from "./header-file.ts"

/** Part of guest memory that is stored in one piece, or is zero */
export interface MemoryRun {
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** Undefined: zero */
  readonly build: BuildReader | undefined
  readonly buildOffsetBytes: number
}

/**
 * The memory that a header describes, with all the builds it names open.
 *
 * Synchronous, for worker threads; to be closed in the thread that opened it. All errors about the files are `data_loss`.
 */
export class MemorySource implements Disposable {
  readonly header: MemoryHeader
  readonly #index: HeaderIndex
  /** In the order of the index's `builds` */
  readonly #builds: readonly BuildReader[]
  readonly #resources: DisposableStack

  private constructor(
    header: MemoryHeader,
    index: HeaderIndex,
    resources: DisposableStack,
    builds: BuildReader[],
  ) {
    this.header = header
    this.#index = index
    this.#builds = builds
    this.#resources = resources
  }

  /** Reads the header at `headerPath` and opens the builds it names */
  static open(headerPath: string, buildsDir: string): MemorySource {
    return MemorySource.ofHeader(readHeaderFile(headerPath), buildsDir)
  }

  /** Opens the builds that a header names */
  static ofHeader(header: MemoryHeader, buildsDir: string): MemorySource {
    using stack = new DisposableStack()
    const index = new HeaderIndex(header)
    const builds = index.builds.map((build) => stack.use(BuildReader.open(buildsDir, build)))
    return new MemorySource(header, index, stack.move(), builds)
  }

  get memoryBytes(): number {
    return this.header.memoryBytes
  }

  /** Finds where the memory from `offsetBytes` on is stored, at most up to `offsetBytes + bytesMax` */
  runAt(offsetBytes: number, bytesMax: number): MemoryRun {
    const mapping = this.#index.find(offsetBytes)
    const number = this.#index.buildNumber(mapping)
    return {
      offsetBytes,
      lengthBytes: Math.min(bytesMax, this.#index.endBytes(mapping) - offsetBytes),
      build: number < 0 ? undefined : this.#builds[number],
      buildOffsetBytes: number < 0 ? 0 : this.#index.buildOffsetBytes(mapping, offsetBytes),
    }
  }

  /**
   * Reads the memory from `offsetBytes` on up to where its storage goes on elsewhere, and checks it. Zero memory is only reported: the
   * target stays as it is.
   *
   * @param bytesMax Most to read; like `offsetBytes` a multiple of the block size
   */
  readRun(
    offsetBytes: number,
    bytesMax: number,
    target: Buffer,
    targetOffset = 0,
  ): { readonly lengthBytes: number; readonly isZero: boolean } {
    const { build, buildOffsetBytes, lengthBytes } = this.runAt(offsetBytes, bytesMax)
    build?.readVerified(buildOffsetBytes, lengthBytes, target, targetOffset)
    return { lengthBytes, isZero: build === undefined }
  }

  /** Reads any range of whole blocks and checks it; zero memory is written to the target as such */
  read(offsetBytes: number, lengthBytes: number, target: Buffer, targetOffset = 0): void {
    for (let done = 0; done < lengthBytes;) {
      const at = targetOffset + done
      const run = this.readRun(offsetBytes + done, lengthBytes - done, target, at)
      if (run.isZero) target.fill(0, at, at + run.lengthBytes)
      done += run.lengthBytes
    }
  }

  /** Ids of the builds it reads from */
  get buildIds(): ReadonlySet<BuildId> {
    return namedBuilds(this.header)
  }

  [Symbol.dispose](): void {
    this.#resources.dispose()
  }
}
