import { randomUUID } from "node:crypto"
import { link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { isSlotIndex, type SlotIndex } from "./slot-addresses.ts"

/** Where host agents of one machine agree on slots; gone after a reboot, as the namespaces are */
export const SLOT_CLAIMS_DIR = "/run/thaw/slots"

export interface SlotClaimsOptions {
  /** `SLOT_CLAIMS_DIR`, except in tests */
  readonly dir: string
  /** Short name of the data directory whose host agent owns the claims */
  readonly dataDirId: string
}

/** Ownership of one slot number on this machine */
export interface SlotClaim extends AsyncDisposable {
  readonly slot: SlotIndex
  /** Gives the number back; a claim that is gone already is fine */
  release(): Promise<void>
}

/** The claims of all host agents of this machine, seen by one of them */
export interface SlotClaims {
  /** Takes a slot; undefined when someone has it */
  claim(slot: SlotIndex): Promise<SlotClaim | undefined>
  /** Becomes the owner of a claim that an earlier process of the same data directory made, or takes it anew */
  adopt(slot: SlotIndex): Promise<SlotClaim | undefined>
  /** Slots that anyone has */
  listTaken(): Promise<ReadonlySet<number>>
  /** Slots of this data directory that this process has neither claimed nor adopted, lowest first */
  listUnadopted(): Promise<SlotIndex[]>
}

/** Opens the directory of claims and removes the half-written files of earlier processes of this data directory */
export async function openSlotClaims(options: SlotClaimsOptions): Promise<SlotClaims> {
  const { dir, dataDirId } = options
  await mkdir(dir, { recursive: true, mode: 0o755 })
  const leftovers = (await readdir(dir)).filter((name) => name.startsWith(temporaryPrefix(dataDirId)))
  await Promise.all(leftovers.map((name) => rm(join(dir, name), { force: true })))

  const held = new Set<number>()
  const own = (slot: SlotIndex): SlotClaim => {
    held.add(slot)
    return ownClaim(slot, { dir, onReleased: () => held.delete(slot) })
  }
  const claim = async (slot: SlotIndex) => ((await createClaim(slot, options)) ? own(slot) : undefined)
  return {
    claim,
    adopt: async (slot) => {
      if (held.has(slot)) throw new Error(`claim of network slot ${slot} is held already`)
      return (await readOwner(dir, slot)) === dataDirId ? own(slot) : await claim(slot)
    },
    listTaken: async () => new Set(await listSlots(dir)),
    listUnadopted: async () => {
      const slots = await listSlots(dir)
      const owners = await Promise.all(slots.map((slot) => readOwner(dir, slot)))
      return slots.filter((slot, index) => owners[index] === dataDirId && !held.has(slot))
    },
  }
}

function ownClaim(slot: SlotIndex, options: { dir: string; onReleased: () => void }): SlotClaim {
  let releasing: Promise<void> | undefined
  const release = (): Promise<void> => {
    // Once only: by a second call the number may be someone else's.
    releasing ??= rm(join(options.dir, String(slot)), { force: true }).then(
      options.onReleased,
      (error: unknown) => {
        releasing = undefined
        throw error
      },
    )
    return releasing
  }
  return { slot, release, [Symbol.asyncDispose]: release }
}

/** Makes the claim's file appear with its content, by link(2), which fails when the name exists */
async function createClaim(slot: SlotIndex, { dir, dataDirId }: SlotClaimsOptions): Promise<boolean> {
  const temporary = join(dir, `${temporaryPrefix(dataDirId)}${randomUUID()}`)
  try {
    await writeFile(temporary, `${dataDirId}\n`, { flag: "wx", mode: 0o644 })
    await link(temporary, join(dir, String(slot)))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

async function listSlots(dir: string): Promise<SlotIndex[]> {
  const names = await readdir(dir)
  return names
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .filter(isSlotIndex)
    .sort((a, b) => a - b)
}

async function readOwner(dir: string, slot: SlotIndex): Promise<string | undefined> {
  try {
    return (await readFile(join(dir, String(slot)), "utf8")).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

function temporaryPrefix(dataDirId: string): string {
  return `.${dataDirId}.`
}
