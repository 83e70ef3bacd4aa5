import type { hostAgent } from "@thaw/rpc"

import { Channel } from "./channel.ts"
import { startCommand, type Output } from "./simulated-commands.ts"

const STDIN_CAPACITY = 1
const SIZES_CAPACITY = 100
const SIGKILL = 9

/** How a command ended */
export interface Exit {
  readonly exitCode: number
  readonly signal: number
  readonly timedOut: boolean
  readonly durationMs: number
}

/** One command of a simulated guest, from its start to its end */
export class SimulatedExec {
  readonly cmd: string
  readonly stdin = new Channel<Uint8Array>(STDIN_CAPACITY)
  readonly sizes = new Channel<{ cols: number; rows: number }>(SIZES_CAPACITY)
  /** Bytes of output that have been taken from the command */
  outputBytes = 0
  /** Bytes of stdin that have come for the command */
  stdinBytes = 0
  exit: Exit | undefined
  readonly #startedAt = performance.now()
  readonly #output: AsyncGenerator<Output, number>
  readonly #killed = Promise.withResolvers<{ signal: number; timedOut: boolean }>()
  readonly #timer: NodeJS.Timeout | undefined

  constructor(command: hostAgent.ExecCommand, envs: Readonly<Record<string, string>>) {
    this.cmd = command.cmd
    this.#output = startCommand(command.cmd, command.args, { stdin: this.stdin, sizes: this.sizes, envs })
    if (command.timeoutMs > 0) {
      this.#timer = setTimeout(
        () => this.#killed.resolve({ signal: SIGKILL, timedOut: true }),
        command.timeoutMs,
      )
    }
  }

  /** Ends the command as a signal does */
  kill(signal: number): void {
    this.#killed.resolve({ signal, timedOut: false })
  }

  /** Gives the output; the return value tells how it ended. Not reading it slows the command. */
  async *run(): AsyncGenerator<Output, Exit> {
    for (;;) {
      const step = await Promise.race([this.#output.next(), this.#killed.promise])
      if ("signal" in step) return this.#end(128 + step.signal, step)
      if (step.done === true) return this.#end(step.value, { signal: 0, timedOut: false })
      this.outputBytes += step.value.data.length
      yield step.value
    }
  }

  #end(exitCode: number, how: { signal: number; timedOut: boolean }): Exit {
    clearTimeout(this.#timer)
    this.stdin.close()
    this.sizes.close()
    this.exit = { exitCode, ...how, durationMs: performance.now() - this.#startedAt }
    return this.exit
  }
}
