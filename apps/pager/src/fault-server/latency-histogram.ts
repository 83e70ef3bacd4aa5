const STEPS_PER_DOUBLING = 8
/** Up to 2^24 µs, some 17 s; what is longer counts as that */
const DOUBLINGS = 24
const BUCKETS = STEPS_PER_DOUBLING * DOUBLINGS

/** Counts durations in buckets an eighth of a doubling wide, so that percentiles are right within 9 % and memory is bounded */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS + 1)
  #total = 0

  add(durationUs: number): void {
    const bucket = Math.ceil(Math.log2(Math.max(1, durationUs)) * STEPS_PER_DOUBLING)
    const index = Math.min(BUCKETS, bucket)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total++
  }

  /** Upper bound, in µs, of the shortest `share` of all durations; 0 without any */
  percentileUs(share: number): number {
    if (this.#total === 0) return 0
    let left = Math.ceil(this.#total * share)
    for (const [bucket, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return 2 ** (bucket / STEPS_PER_DOUBLING)
    }
    return 2 ** DOUBLINGS
  }
}
