import type { BuildId } from "../build-id.ts"
import type { Mapping } from "./memory-header.ts"

interface MappingDraft {
  readonly offsetBytes: number
  lengthBytes: number
  readonly build: BuildId | undefined
  readonly buildOffsetBytes: number
}

/** Builds the mappings of a header from front to back; neighbours are joined when they are contiguous in storage too */
export class MappingBuilder {
  readonly #drafts: MappingDraft[] = []
  #last: MappingDraft | undefined
  #endBytes = 0

  /** Maps the next `lengthBytes` of memory; none are fine */
  append(lengthBytes: number, build: BuildId | undefined, buildOffsetBytes: number): void {
    if (lengthBytes === 0) return
    if (this.#last !== undefined && goesOn(this.#last, build, buildOffsetBytes)) {
      this.#last.lengthBytes += lengthBytes
    } else {
      this.#last = {
        offsetBytes: this.#endBytes,
        lengthBytes,
        build,
        buildOffsetBytes: build === undefined ? 0 : buildOffsetBytes,
      }
      this.#drafts.push(this.#last)
    }
    this.#endBytes += lengthBytes
  }

  /** End of what is mapped so far */
  get endBytes(): number {
    return this.#endBytes
  }

  /** The mappings; nothing may be appended after this */
  finish(): readonly Mapping[] {
    return this.#drafts
  }
}

function goesOn(last: MappingDraft, build: BuildId | undefined, buildOffsetBytes: number): boolean {
  if (last.build !== build) return false
  return build === undefined || last.buildOffsetBytes + last.lengthBytes === buildOffsetBytes
}
