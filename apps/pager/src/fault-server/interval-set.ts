/** A part of a line of bytes, from `start` up to `end` */
export interface Interval {
  readonly start: number
  readonly end: number
}

/** Bytes of a line that are marked, as intervals in order that neither touch nor overlap */
export class IntervalSet {
  #intervals: Interval[] = []

  /** In ascending order */
  get intervals(): readonly Interval[] {
    return this.#intervals
  }

  get isEmpty(): boolean {
    return this.#intervals.length === 0
  }

  /** Marks a range; an empty one marks nothing */
  add(start: number, end: number): void {
    if (end <= start) return
    // Those from `from` up to `to` touch or overlap the new one and become part of it.
    const from = this.#firstWith((each) => each.end >= start)
    const to = this.#firstWith((each) => each.start > end)
    const first = this.#intervals[from]
    const last = this.#intervals[to - 1]
    const merged =
      to > from && first !== undefined && last !== undefined
        ? { start: Math.min(start, first.start), end: Math.max(end, last.end) }
        : { start, end }
    this.#intervals.splice(from, to - from, merged)
  }

  has(at: number): boolean {
    return this.runFrom(at).isMarked
  }

  /** Whether the byte `at` is marked, and up to where all bytes are as it is; `Infinity` when that never changes */
  runFrom(at: number): { readonly isMarked: boolean; readonly end: number } {
    const next = this.#intervals[this.#firstWith((each) => each.end > at)]
    if (next === undefined) return { isMarked: false, end: Infinity }
    return next.start <= at ? { isMarked: true, end: next.end } : { isMarked: false, end: next.start }
  }

  /** Index of the first interval with what holds for it and for all after it */
  #firstWith(holds: (interval: Interval) => boolean): number {
    let low = 0
    let high = this.#intervals.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const interval = this.#intervals[middle]
      if (interval !== undefined && holds(interval)) high = middle
      else low = middle + 1
    }
    return low
  }
}
