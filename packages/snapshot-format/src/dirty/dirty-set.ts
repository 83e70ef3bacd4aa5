import { isBlockRange, type BlockRange } from "../block-range.ts"

/** Memory that is not as in the parent: new data, or zero now */
export interface DirtyRange extends BlockRange {
  readonly kind: "data" | "zero"
}

interface DirtyDraft {
  readonly offsetBytes: number
  lengthBytes: number
  readonly kind: "data" | "zero"
}

/**
 * What a VM has changed since it was restored, or holds at all when it was booted: found from front to back.
 * The data ranges lie back to back, in this order, in the build that is written of them.
 */
export class DirtySet {
  readonly #ranges: DirtyDraft[] = []
  #last: DirtyDraft | undefined
  #dataBytes = 0
  #zeroBytes = 0

  /** Adds memory whose content is to be stored. Raises RangeError when it is not whole blocks after all added before. */
  addData(offsetBytes: number, lengthBytes: number): void {
    this.#add({ offsetBytes, lengthBytes, kind: "data" })
    this.#dataBytes += lengthBytes
  }

  /** Adds memory that is all zero. Raises RangeError when it is not whole blocks after all added before. */
  addZero(offsetBytes: number, lengthBytes: number): void {
    this.#add({ offsetBytes, lengthBytes, kind: "zero" })
    this.#zeroBytes += lengthBytes
  }

  /** Ascending, without overlap; neighbours of one kind are one range */
  get ranges(): readonly DirtyRange[] {
    return this.#ranges
  }

  /** Size of the data ranges, and so of the build's data */
  get dataBytes(): number {
    return this.#dataBytes
  }

  /** Size of the zero ranges */
  get zeroBytes(): number {
    return this.#zeroBytes
  }

  /** Where the last range ends; 0 when there is none */
  get endBytes(): number {
    return this.#last === undefined ? 0 : this.#last.offsetBytes + this.#last.lengthBytes
  }

  #add(range: DirtyRange): void {
    const { offsetBytes, lengthBytes, kind } = range
    if (!isBlockRange(range)) {
      throw new RangeError(`dirty range is ${lengthBytes} bytes at ${offsetBytes}, expected whole blocks`)
    }
    const end = this.endBytes
    if (offsetBytes < end) {
      throw new RangeError(`dirty range begins at ${offsetBytes}, expected ${end} or more`)
    }
    if (this.#last !== undefined && this.#last.kind === kind && offsetBytes === end) {
      this.#last.lengthBytes += lengthBytes
      return
    }
    this.#last = { offsetBytes, lengthBytes, kind }
    this.#ranges.push(this.#last)
  }
}
