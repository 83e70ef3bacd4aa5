const DELAY_MS_MIN = 1_000
const DELAY_MS_MAX = 30_000
/** A process that ran this long has recovered: its earlier failures no longer count */
const STABLE_MS = 60_000

/** How often in a row a process has ended early, after it ended once more */
export function countFailures(failuresBefore: number, ranMs: number): number {
  return ranMs >= STABLE_MS ? 1 : failuresBefore + 1
}

/** How long to wait before starting a process that ended early `failures` times in a row: 1 s, doubled each time, at most 30 s */
export function planRestartDelayMs(failures: number): number {
  return Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.max(0, failures - 1))
}
