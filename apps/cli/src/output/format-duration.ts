const MS_PER_SECOND = 1000
const SECONDS_PER_MINUTE = 60
const MINUTES_PER_HOUR = 60
const HOURS_PER_DAY = 24

/** Formats a length of time for a person: `840 ms`, `12.3 s`, `4 min 5 s`, `3 h 12 min`, `2 d 4 h` */
export function formatDuration(durationMs: number): string {
  if (durationMs < MS_PER_SECOND) return `${Math.round(durationMs)} ms`
  const seconds = durationMs / MS_PER_SECOND
  if (seconds < SECONDS_PER_MINUTE) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / SECONDS_PER_MINUTE)
  if (minutes < MINUTES_PER_HOUR) return `${minutes} min ${Math.floor(seconds % SECONDS_PER_MINUTE)} s`
  const hours = Math.floor(minutes / MINUTES_PER_HOUR)
  if (hours < HOURS_PER_DAY) return `${hours} h ${minutes % MINUTES_PER_HOUR} min`
  return `${Math.floor(hours / HOURS_PER_DAY)} d ${hours % HOURS_PER_DAY} h`
}
