import { setTimeout as sleep } from "node:timers/promises"

import { LIMITS, PlatformError } from "@thaw/model"

/** One piece of a command's output */
export interface Output {
  readonly stream: "stdout" | "stderr"
  readonly data: Uint8Array
}

export interface CommandIo {
  readonly stdin: AsyncIterable<Uint8Array>
  /** New sizes of the terminal */
  readonly sizes: AsyncIterable<{ cols: number; rows: number }>
  readonly envs: Readonly<Record<string, string>>
}

type Command = (args: readonly string[], io: CommandIo) => AsyncGenerator<Output, number>

/**
 * The programs of a simulated guest: `echo args…`, `err args…` (to stderr), `cat`, `sleep s`, `exit n`, `bytes hex`, `yes`, `env NAME`,
 * `winsize` (prints each new size of the terminal).
 */
const COMMANDS: Readonly<Record<string, Command>> = {
  async *echo(args) {
    yield text("stdout", `${args.join(" ")}\n`)
    return 0
  },
  async *err(args) {
    yield text("stderr", `${args.join(" ")}\n`)
    return 0
  },
  async *cat(_args, io) {
    for await (const data of io.stdin) yield { stream: "stdout", data }
    return 0
  },
  async *sleep(args) {
    yield text("stdout", "asleep\n")
    await sleep(Number(args[0] ?? 0) * 1000)
    return 0
  },
  // oxlint-disable-next-line eslint/require-yield -- a command without output
  async *exit(args) {
    return Number(args[0] ?? 0)
  },
  async *bytes(args) {
    yield { stream: "stdout", data: Buffer.from(args[0] ?? "", "hex") }
    return 0
  },
  async *yes() {
    const data = Buffer.from("y\n".repeat(LIMITS.chunkBytesMax / 2))
    for (;;) yield { stream: "stdout", data }
  },
  async *env(args, io) {
    yield text("stdout", `${io.envs[args[0] ?? ""] ?? ""}\n`)
    return 0
  },
  async *winsize(_args, io) {
    for await (const { cols, rows } of io.sizes) yield text("stdout", `${cols}x${rows}\n`)
    return 0
  },
}

/** Starts a command. Raises `not_found` for one that this guest does not have. */
export function startCommand(
  cmd: string,
  args: readonly string[],
  io: CommandIo,
): AsyncGenerator<Output, number> {
  const command = Object.hasOwn(COMMANDS, cmd) ? COMMANDS[cmd] : undefined
  if (command === undefined) throw new PlatformError("not_found", `program "${cmd}" does not exist`)
  return command(args, io)
}

function text(stream: Output["stream"], content: string): Output {
  return { stream, data: Buffer.from(content) }
}
