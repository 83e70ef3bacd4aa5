import { setTimeout as delay } from "node:timers/promises"

import { PlatformError } from "@thaw/model"

import { prepareSlot, type SlotCursor, type SlotSource } from "./prepare-slot.ts"
import { recoverSlots, type RecoveredSlots } from "./recover-slots.ts"
import { SLOT_INDEX_MIN, type SlotIndex } from "./slot-addresses.ts"
import { ownSlotLease, type SlotLease } from "./slot-lease.ts"
import { adoptSlotNetwork } from "./slot-network.ts"

const POOL_SIZE_DEFAULT = 2
const REFILL_DELAY_MS_MIN = 100
const REFILL_DELAY_MS_MAX = 30_000

export interface SlotPoolOptions extends SlotSource {
  /** Slots kept ready; 2 by default, 0 prepares each when it is asked for */
  readonly size?: number
  /** Told of every failure in the background */
  readonly onError: (error: unknown) => void
  /** Waits between attempts to refill; tests put their own here */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>
}

/** Keeps networks ready so that their set-up is not part of creating a sandbox */
export class SlotPool implements AsyncDisposable {
  readonly #options: SlotPoolOptions
  readonly #size: number
  readonly #cursor: SlotCursor
  readonly #ready: SlotLease[] = []
  readonly #closing = new AbortController()
  readonly #underWay = new Set<Promise<unknown>>()
  #refilling: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(options: SlotPoolOptions) {
    this.#options = options
    this.#size = options.size ?? POOL_SIZE_DEFAULT
    this.#cursor = { next: options.slotMin ?? SLOT_INDEX_MIN }
  }

  /** Slots that are ready now */
  get readyCount(): number {
    return this.#ready.length
  }

  /**
   * Takes a prepared slot, or prepares one now when none is ready.
   *
   * Raises `capacity_exhausted` when no slot is free, `unavailable` once the pool is closed.
   */
  async acquire(options: { readonly signal?: AbortSignal } = {}): Promise<SlotLease> {
    this.#assertOpen()
    options.signal?.throwIfAborted()
    const lease = this.#ready.shift() ?? (await this.#track(this.#prepareNow(options.signal)))
    this.refill()
    return lease
  }

  /** Becomes the owner of the slot of a sandbox that was running when this process started */
  async adopt(slot: SlotIndex): Promise<SlotLease> {
    this.#assertOpen()
    const claim = await this.#options.claims.adopt(slot)
    if (claim === undefined) {
      throw new PlatformError("internal", `network slot ${slot} belongs to another host agent`)
    }
    return ownSlotLease(claim, adoptSlotNetwork(slot, this.#options))
  }

  /** Removes what earlier processes of this data directory left in slots that no running sandbox uses */
  async recover(slotsInUse: ReadonlySet<number>): Promise<RecoveredSlots> {
    this.#assertOpen()
    return await this.#track(recoverSlots({ ...this.#options, slotsInUse }))
  }

  /** Starts to fill up in the background; returns at once. Acquiring does so by itself. */
  refill(): void {
    if (this.#closed !== undefined) return
    this.#refilling ??= this.#fill().finally(() => {
      this.#refilling = undefined
    })
  }

  /** Takes down what nobody acquired and waits for work under way; leases stay with their holders */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#closing.abort(new PlatformError("unavailable", "the pool of network slots is closed"))
    await Promise.allSettled([this.#refilling, ...this.#underWay])
    await using stack = new AsyncDisposableStack()
    for (const lease of this.#ready.splice(0)) stack.use(lease)
    await stack.disposeAsync()
  }

  async #prepareNow(signal: AbortSignal | undefined): Promise<SlotLease> {
    try {
      return await prepareSlot(this.#options, this.#cursor, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  }

  async #fill(): Promise<void> {
    const { signal } = this.#closing
    const sleep = this.#options.sleep ?? sleepUntilAborted
    let delayMs = REFILL_DELAY_MS_MIN
    while (!signal.aborted && this.#ready.length < this.#size) {
      try {
        this.#ready.push(await prepareSlot(this.#options, this.#cursor, signal))
        delayMs = REFILL_DELAY_MS_MIN
      } catch (error) {
        if (signal.aborted) return
        this.#options.onError(error)
        await sleep(delayMs, signal)
        delayMs = Math.min(2 * delayMs, REFILL_DELAY_MS_MAX)
      }
    }
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    try {
      return await work
    } finally {
      this.#underWay.delete(work)
    }
  }

  #assertOpen(): void {
    this.#closing.signal.throwIfAborted()
  }
}

/** Opens a pool; it begins to prepare slots with `refill()` or the first `acquire()`, so that recovery can go first */
export function openSlotPool(options: SlotPoolOptions): SlotPool {
  return new SlotPool(options)
}

async function sleepUntilAborted(delayMs: number, signal: AbortSignal): Promise<void> {
  await delay(delayMs, undefined, { signal }).catch(() => undefined)
}
