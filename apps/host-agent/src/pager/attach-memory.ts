import { PlatformError } from "@thaw/model"

import type { Snapshot } from "../snapshot/read-snapshot.ts"
import type { Pager } from "./pager.ts"

export interface AttachMemoryOptions {
  /** The sandbox's id */
  readonly id: string
  readonly snapshot: Snapshot
  readonly buildsDir: string
  /** Where the VMM hands its memory over; not there yet */
  readonly socketPath: string
  readonly socketUid: number
}

/** Memory of one VM that the pager serves. Disposing ends that; the VM must be gone by then. */
export interface AttachedMemory extends AsyncDisposable {
  /** Resolves when the VMM has handed its memory over and the working set is in place */
  ready(signal: AbortSignal): Promise<void>
  /** Does what needs the VM; when the pager ended that for want of a page, it fails with what is damaged */
  namingDamage<T>(work: () => Promise<T>): Promise<T>
  /** Notes what the guest needed so far, and in the moments to come, as the snapshot's working set */
  endRecordingSoon(): void
}

const READY_TIMEOUT_MS = 30_000
const CALL_TIMEOUT_MS = 10_000
/** What a guest does in the moments after its restore, a first command included, is its working set */
const RECORDING_MS = 2_000

/**
 * Lets the pager get ready to serve a VM's memory from a snapshot, before the VMM starts.
 *
 * @throws {PlatformError} `data_loss` naming what of the snapshot is damaged; `internal` without a pager
 */
export async function attachMemory(pager: Pager, options: AttachMemoryOptions): Promise<AttachedMemory> {
  const { id, snapshot } = options
  const request = {
    id,
    headerPath: snapshot.headerPath,
    buildsDir: options.buildsDir,
    socketPath: options.socketPath,
    socketUid: options.socketUid,
    workingSetPath: snapshot.workingSetPath,
    prefetch: pager.isPrefetching,
  }
  await pager.call(async (client) => await client.attach(request, { timeoutMs: CALL_TIMEOUT_MS }))
  let recording: NodeJS.Timeout | undefined
  return {
    ready: async (signal) => {
      const limits = { timeoutMs: READY_TIMEOUT_MS + CALL_TIMEOUT_MS, signal }
      await pager.call(async (client) => await client.awaitReady({ id, timeoutMs: READY_TIMEOUT_MS }, limits))
    },
    namingDamage: async (work) => {
      try {
        return await work()
      } catch (error) {
        if (error instanceof PlatformError && error.code === "data_loss") throw error
        const failure = await detachMemory(pager, id).catch(() => undefined)
        if (failure === undefined) throw error
        throw new PlatformError("data_loss", failure, { cause: error })
      }
    },
    endRecordingSoon: () => {
      recording = setTimeout(() => void endRecording(pager, id), RECORDING_MS).unref()
    },
    [Symbol.asyncDispose]: async () => {
      clearTimeout(recording)
      await detachMemory(pager, id)
    },
  }
}

/** Memory that the pager serves already, for a VM that an earlier host agent started */
export function adoptMemory(pager: Pager, id: string): AsyncDisposable {
  return { [Symbol.asyncDispose]: async () => void (await detachMemory(pager, id)) }
}

/** Ends what the pager does for a VM that is gone. Returns why the pager ended it, if it did. */
export async function detachMemory(pager: Pager, id: string): Promise<string | undefined> {
  try {
    const { failure } = await pager.client.detach({ id }, { timeoutMs: CALL_TIMEOUT_MS })
    return failure === "" ? undefined : failure
  } catch (error) {
    // A pager that is not there serves nobody; the next one finds the VM gone.
    if (error instanceof PlatformError && error.code === "unavailable") return undefined
    throw error
  }
}

/** A working set that is not kept is recorded at the next restore */
async function endRecording(pager: Pager, id: string): Promise<void> {
  await pager.client.endRecording({ id }, { timeoutMs: CALL_TIMEOUT_MS }).catch(() => undefined)
}
