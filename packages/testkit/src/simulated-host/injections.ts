import { setTimeout as sleep } from "node:timers/promises"

import type { HandlerContext } from "@connectrpc/connect"
import type { PlatformError } from "@thaw/model"

/**
 * Name of a method of the host agent's service, such as `createSandbox`: the start of its calls.
 *
 * Some have more moments: `pauseSandbox:working` while the sandbox is pausing, `pauseSandbox:answer` when it is paused and nobody has been
 * told; likewise for `resumeSandbox`, and `:answer` for `createSnapshot`, `deleteSnapshot` and
 * `getHost`.
 */
export type MethodName = string

/** A call that waits at its start until it is let go */
export interface HeldCall {
  /** Resolves when a call has arrived and waits */
  readonly arrived: Promise<void>
  /** Resolves when the caller has given up a call that waits */
  readonly canceled: Promise<void>
  release(): void
}

type Step = (signal: AbortSignal) => Promise<void>

/** What the next calls of each method meet before they do their work */
export class Injections {
  readonly #steps = new Map<MethodName, Step[]>()

  /** Lets the next call of `method` fail */
  failNext(method: MethodName, error: PlatformError): void {
    this.#add(method, () => Promise.reject(error))
  }

  /** Lets the next call of `method` start later */
  delayNext(method: MethodName, delayMs: number): void {
    this.#add(method, () => sleep(delayMs))
  }

  /** Stops the next call of `method` before its work */
  holdNext(method: MethodName): HeldCall {
    const arrived = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    const canceled = Promise.withResolvers<void>()
    this.#add(method, (signal) => {
      signal.addEventListener("abort", () => canceled.resolve())
      arrived.resolve()
      return released.promise
    })
    return { arrived: arrived.promise, canceled: canceled.promise, release: released.resolve }
  }

  /** Called at the start of every method, and at its other moments */
  async pass(method: MethodName, { signal }: Pick<HandlerContext, "signal">): Promise<void> {
    await this.#steps.get(method)?.shift()?.(signal)
  }

  #add(method: MethodName, step: Step): void {
    this.#steps.set(method, [...(this.#steps.get(method) ?? []), step])
  }
}
