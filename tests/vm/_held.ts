import { createHash } from "node:crypto"
import { readFile, readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

import type { ResourceLedger } from "@thaw/testkit"

import type { TestPlatform } from "./_platform.ts"
import { until } from "./_until.ts"

const SETTLE_TIMEOUT_MS = 8_000
/** As the host agent marks what is its own outside of its data directory */
const DATA_DIR_ID_LENGTH = 8
const QUIET_MS = 400

/** What sandboxes may hold of the machine */
export interface HeldCount {
  /** Those that run */
  readonly running?: number
  /** Those that are paused */
  readonly paused?: number
}

/**
 * Waits until the platform holds exactly what so many sandboxes need, and at most `poolSize` networks more: a VMM, a memory file, a run
 * directory and a slot for one that runs, a record and a disk for one that is paused.
 */
export async function expectHeld(platform: TestPlatform, held: HeldCount, poolSize = 1): Promise<void> {
  const { running = 0, paused = 0 } = held
  const isSo = ({ ledger, ownClaims, unclaimedLinks }: Holding) =>
    ledger.vmmProcesses.length === running &&
    ledger.vmFiles.length === 2 * running &&
    countFiles(ledger, "record.json") === running + paused &&
    countFiles(ledger, "rootfs.qcow2") === running + paused &&
    (running > 0 || ledger.files.every(isOfPaused)) &&
    ownClaims.length <= running + poolSize &&
    unclaimedLinks.length === 0
  await until(async () => await readHolding(platform), isSo, SETTLE_TIMEOUT_MS)
}

interface Holding {
  readonly ledger: ResourceLedger
  /** Slots of this data directory; others on the machine have theirs */
  readonly ownClaims: readonly string[]
  readonly unclaimedLinks: readonly string[]
}

async function readHolding(platform: TestPlatform): Promise<Holding> {
  const ledger = await platform.ledger()
  const dataDirId = createHash("sha256").update(platform.dataDir).digest("hex").slice(0, DATA_DIR_ID_LENGTH)
  const claims = await Promise.all(
    ledger.slotClaims.map(async (path) => ({
      slot: basename(path),
      owner: (await readFile(path, "utf8").catch(() => "")).trim(),
    })),
  )
  const claimed = new Set(claims.map(({ slot }) => `veth-${slot}`))
  return {
    ledger,
    ownClaims: claims.filter(({ owner }) => owner === dataDirId).map(({ slot }) => slot),
    unclaimedLinks: ledger.links.filter((name) => name.startsWith("veth-") && !claimed.has(name)),
  }
}

/** A paused sandbox has its record and its disk */
function isOfPaused(path: string): boolean {
  return path.endsWith("/record.json") || basename(path).startsWith("rootfs.")
}

function countFiles({ files }: ResourceLedger, name: string): number {
  return files.filter((path) => path.endsWith(`/${name}`)).length
}

/** Everything frozen that a data directory keeps, by name, finished or not, once nothing is deleted any more in the background */
export async function readFrozen(dataDir: string): Promise<string[]> {
  for (let names = await readNames(dataDir); ;) {
    await sleep(QUIET_MS)
    const later = await readNames(dataDir)
    if (JSON.stringify(names) === JSON.stringify(later)) return names
    names = later
  }
}

/** Waits until what is kept frozen is what it was */
export async function expectFrozen(platform: TestPlatform, before: readonly string[]): Promise<void> {
  const isSo = (names: string[]) => JSON.stringify(names) === JSON.stringify(before)
  await until(async () => await readNames(platform.dataDir), isSo, SETTLE_TIMEOUT_MS)
}

async function readNames(dataDir: string): Promise<string[]> {
  const names = await Promise.all(
    ["builds", "layers", "snapshots", "names", "warm"].map(async (kind) =>
      (await readdir(join(dataDir, kind))).map((name) => `${kind}/${name}`),
    ),
  )
  return names.flat().sort()
}
