import { PlatformError } from "@thaw/model"

import { escapeControls, escapeControlsOfLines } from "./escape-controls.ts"

/** A stream that text goes to; `isTTY` tells whether a person looks at it */
export interface TextSink {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** What errors look like to a program: the shape the REST API uses */
export interface ErrorReport {
  readonly error: { readonly code: string; readonly message: string; readonly details?: unknown }
}

/**
 * Where a command's words go: results to standard output, progress and errors to standard error.
 *
 * Writing never throws: a full disk or a terminal that is gone must not end what is being told about.
 */
export class Output {
  readonly json: boolean
  readonly #stdout: TextSink
  readonly #stderr: TextSink

  constructor(options: { json: boolean; stdout: TextSink; stderr: TextSink }) {
    this.json = options.json
    this.#stdout = options.stdout
    this.#stderr = options.stderr
  }

  /** Whether progress goes to a terminal */
  get isWatched(): boolean {
    return this.#stderr.isTTY === true
  }

  /** Writes the result of the command: `value` in JSON mode, else `text` */
  result(value: unknown, text: string): void {
    write(this.#stdout, this.json ? `${JSON.stringify(value)}\n` : text)
  }

  /** Writes a line for the person watching; control characters in it are escaped */
  progress(line: string): void {
    write(this.#stderr, `${escapeControls(line)}\n`)
  }

  /** Replaces the line being shown; shows nothing where the output is not a terminal */
  transient(line: string): void {
    if (this.isWatched) write(this.#stderr, `\r\u001b[2K${escapeControls(line)}`)
  }

  /** Writes an error: one line, or one JSON object in JSON mode */
  error(thrown: unknown): void {
    const report = toErrorReport(thrown)
    const text = this.json ? JSON.stringify(report) : `thaw: ${escapeControlsOfLines(report.error.message)}`
    write(this.#stderr, `${text}\n`)
  }
}

function write(sink: TextSink, text: string): void {
  try {
    sink.write(text)
  } catch {
    // Nobody is left to be told.
  }
}

/** Describes anything thrown. The operator's own machine is at hand, so an unknown error keeps its text. */
export function toErrorReport(thrown: unknown): ErrorReport {
  if (thrown instanceof PlatformError) {
    const { code, message, details } = thrown
    return { error: { code, message, ...(details === undefined ? {} : { details }) } }
  }
  return { error: { code: "internal", message: thrown instanceof Error ? thrown.message : String(thrown) } }
}
