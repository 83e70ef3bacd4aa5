import type { ReadStream } from "node:tty"
import type { WriteStream } from "node:tty"

export interface TerminalSize {
  readonly cols: number
  readonly rows: number
}

const SIZE_DEFAULT: TerminalSize = { cols: 80, rows: 24 }

/** The size of the terminal that shows the output; 80 by 24 where there is none */
export function readTerminalSize(stdout: Pick<WriteStream, "columns" | "rows">): TerminalSize {
  const { columns, rows } = stdout
  return columns > 0 && rows > 0 ? { cols: columns, rows } : SIZE_DEFAULT
}

/**
 * Makes the terminal pass every key on, also Ctrl-C, until disposed. It is restored as well when the process exits in any other
 * way that runs handlers; disposing twice is fine.
 */
export function enterRawMode(stdin: ReadStream): Disposable {
  if (!stdin.isTTY) return { [Symbol.dispose]: () => undefined }
  const restore = () => stdin.setRawMode(false)
  stdin.setRawMode(true)
  process.once("exit", restore)
  return {
    [Symbol.dispose]: () => {
      process.off("exit", restore)
      restore()
    },
  }
}
