import { ExecStream } from "./_exec-stream.ts"
import type { TestPlatform } from "./_platform.ts"

const PINGS = 10

export interface ClockDifference {
  /** The guest's clock is at least this far from the host's, whatever the message took */
  readonly certainMs: number
  /** Ahead of the host's when positive, by the quickest exchange */
  readonly estimateMs: number
  /** Of the quickest exchange */
  readonly roundTripMs: number
}

/** Asks a process in a guest for the time, and compares: its clock was read between our question and its answer */
export async function measureClock(platform: TestPlatform, id: string): Promise<ClockDifference> {
  using stream = await ExecStream.open(platform, id, {
    cmd: "bash",
    args: ["-c", "while read -r; do echo $EPOCHREALTIME; done"],
    stdin: true,
  })
  let certainMs = 0
  let quickest = { estimateMs: 0, roundTripMs: Infinity }
  for (let ping = 1; ping <= PINGS; ping++) {
    const askedMs = nowMs()
    stream.stdin("\n")
    await stream.until(() => stream.output().split("\n").length > ping)
    const answeredMs = nowMs()
    const guestMs = Number(stream.output().split("\n")[ping - 1]) * 1000
    certainMs = Math.max(certainMs, askedMs - guestMs, guestMs - answeredMs)
    const roundTripMs = answeredMs - askedMs
    if (roundTripMs < quickest.roundTripMs) {
      quickest = { estimateMs: guestMs - (askedMs + answeredMs) / 2, roundTripMs }
    }
  }
  return { certainMs, ...quickest }
}

/** The wall clock, finer than `Date.now` */
function nowMs(): number {
  return performance.timeOrigin + performance.now()
}
