import { MIB } from "@thaw/model"

import { PAGE_BYTES } from "./memory-regions.ts"

/** More memory than this is not the working set of a restore any more */
const RECORDED_PAGES_MAX = (64 * MIB) / PAGE_BYTES

/** Remembers which pages a VM needed, up to a maximum; what comes after that is left out */
export class PageRecording {
  readonly #pages = new Set<number>()

  add(offsetBytes: number, lengthBytes: number): void {
    for (let at = offsetBytes; at < offsetBytes + lengthBytes; at += PAGE_BYTES) {
      if (this.#pages.size >= RECORDED_PAGES_MAX) return
      this.#pages.add(at / PAGE_BYTES)
    }
  }

  /** Page numbers, ascending */
  pages(): number[] {
    return [...this.#pages].sort((a, b) => a - b)
  }
}
