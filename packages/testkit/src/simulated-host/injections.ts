import { setTimeout as sleep } from "node:timers/promises"

import type { PlatformError } from "@thaw/model"

/** Name of a method of the host agent's service, such as `createSandbox` */
export type MethodName = string

/** A call that waits at its start until it is let go */
export interface HeldCall {
  /** Resolves when a call has arrived and waits */
  readonly arrived: Promise<void>
  release(): void
}

/** What the next calls of each method meet before they do their work */
export class Injections {
  readonly #steps = new Map<MethodName, (() => Promise<void>)[]>()

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
    this.#add(method, () => {
      arrived.resolve()
      return released.promise
    })
    return { arrived: arrived.promise, release: released.resolve }
  }

  /** Called at the start of every method */
  async pass(method: MethodName): Promise<void> {
    await this.#steps.get(method)?.shift()?.()
  }

  #add(method: MethodName, step: () => Promise<void>): void {
    this.#steps.set(method, [...(this.#steps.get(method) ?? []), step])
  }
}
