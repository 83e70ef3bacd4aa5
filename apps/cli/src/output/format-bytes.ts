import { GIB, KIB, MIB } from "@thaw/model"

const UNITS = [
  ["GiB", GIB],
  ["MiB", MIB],
  ["KiB", KIB],
] as const

/** Formats a number of bytes for a person: `512 B`, `66.9 KiB`, `4.0 MiB`, `1.5 GiB` */
export function formatBytes(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes >= size)
  return unit === undefined ? `${bytes} B` : `${(bytes / unit[1]).toFixed(1)} ${unit[0]}`
}
