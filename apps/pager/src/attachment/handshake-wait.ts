import { readlinkSync } from "node:fs"

import {
  acceptUnix,
  closeDescriptor,
  listenUnix,
  receiveWithDescriptors,
  type DescriptorMessage,
  type ProcessIdentity,
  type UnixListener,
} from "@thaw/linux"
import { PlatformError } from "@thaw/model"

import type { FaultLoop, Stepper } from "../fault-server/fault-loop.ts"
import type { MemoryRegion } from "../fault-server/memory-regions.ts"
import { HANDSHAKE_BYTES_MAX, parseHandshake } from "./handshake-message.ts"
import { openVmmPeer, type VmmPeer } from "./vmm-peer.ts"

/** A VMM that handed over its memory; both descriptors are the receiver's */
export interface Handshake {
  readonly vmm: ProcessIdentity
  readonly pidfd: number
  readonly uffdFd: number
  readonly regions: readonly MemoryRegion[]
}

export interface HandshakeWaitOptions {
  readonly socketPath: string
  readonly socketUid: number
  readonly timeoutMs: number
  readonly loop: FaultLoop
  readonly onHandshake: (handshake: Handshake) => void
  /** `pidfd`, the receiver's: of whoever connected, if anyone did */
  readonly onFailure: (error: Error, pidfd: number | undefined) => void
}

/** How a userfaultfd shows in /proc/<pid>/fd */
export const USERFAULTFD_LINK = "anon_inode:[userfaultfd]"

/**
 * Waits for a VMM's one connection with its one message, and then tells one of the two callbacks, once.
 *
 * listening → connected → told. The socket is gone as soon as someone has connected.
 */
export class HandshakeWait implements Stepper, Disposable {
  readonly #options: HandshakeWaitOptions
  readonly #listener: UnixListener
  readonly #deadlineMs: number
  #connection: number | undefined
  #peer: VmmPeer | undefined
  #isListening = true
  #isOver = false

  /** Listens; the socket can be connected to when this returns */
  constructor(options: HandshakeWaitOptions) {
    this.#options = options
    this.#deadlineMs = performance.now() + options.timeoutMs
    this.#listener = listen(options)
    options.loop.watch(this.#listener.fd, () => this.#guard(() => this.#accept()))
    options.loop.addStepper(this)
  }

  get nextStepAtMs(): number {
    return this.#deadlineMs
  }

  step(): void {
    const what = this.#connection === undefined ? "connect" : "send its handshake"
    this.#fail(
      new PlatformError("deadline_exceeded", `the VMM did not ${what} within ${this.#options.timeoutMs} ms`),
    )
  }

  /** Ends the wait without telling anyone */
  [Symbol.dispose](): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#closeSockets()
    if (this.#peer !== undefined) closeDescriptor(this.#peer.pidfd)
    this.#peer = undefined
  }

  #accept(): void {
    const connection = acceptUnix(this.#listener.fd)
    if (connection === undefined) return
    this.#connection = connection
    this.#endListening()
    this.#peer = openVmmPeer(connection, this.#options.socketUid)
    this.#options.loop.watch(connection, () => this.#guard(() => this.#receive(connection)))
  }

  #receive(connection: number): void {
    const message = receiveWithDescriptors(connection, HANDSHAKE_BYTES_MAX)
    if (message === undefined || this.#peer === undefined) return
    try {
      const regions = parseHandshake(message.data)
      requireOneUserfaultfd(message.fds)
      this.#requireNoMore(connection)
      this.#tell({ ...this.#peer, regions }, message)
    } catch (error) {
      for (const fd of message.fds) closeDescriptor(fd)
      throw error
    }
  }

  #tell(peer: Omit<Handshake, "uffdFd">, { fds }: DescriptorMessage): void {
    const [uffdFd] = fds.splice(0)
    this.#peer = undefined
    this[Symbol.dispose]()
    if (uffdFd !== undefined) this.#options.onHandshake({ ...peer, uffdFd })
  }

  #requireNoMore(connection: number): void {
    const more = receiveWithDescriptors(connection, 1)
    if (more === undefined || (more.data.length === 0 && more.fds.length === 0)) return
    for (const fd of more.fds) closeDescriptor(fd)
    throw new PlatformError("invalid_argument", "the VMM sent more than its handshake")
  }

  #guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    const pidfd = this.#peer?.pidfd
    this.#peer = undefined
    this[Symbol.dispose]()
    this.#options.onFailure(error, pidfd)
  }

  #endListening(): void {
    if (!this.#isListening) return
    this.#isListening = false
    this.#options.loop.unwatch(this.#listener.fd)
    this.#listener[Symbol.dispose]()
  }

  #closeSockets(): void {
    this.#options.loop.removeStepper(this)
    this.#endListening()
    if (this.#connection === undefined) return
    this.#options.loop.unwatch(this.#connection)
    closeDescriptor(this.#connection)
    this.#connection = undefined
  }
}

function requireOneUserfaultfd(fds: readonly number[]): void {
  const [fd] = fds
  if (fds.length !== 1 || fd === undefined) {
    throw new PlatformError(
      "invalid_argument",
      `the VMM's handshake came with ${fds.length} descriptors, exactly 1 is needed`,
    )
  }
  if (readlinkSync(`/proc/self/fd/${fd}`) !== USERFAULTFD_LINK) {
    throw new PlatformError("invalid_argument", "the descriptor of the VMM's handshake is not a userfaultfd")
  }
}

function listen({ socketPath, socketUid }: HandshakeWaitOptions): UnixListener {
  try {
    return listenUnix(socketPath, { mode: 0o600, uid: socketUid })
  } catch (error) {
    throw new PlatformError("internal", "the pager cannot listen for the VMM", { cause: error })
  }
}
