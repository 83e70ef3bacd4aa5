import { CommandFailedError, run } from "@thaw/linux"

const COMMAND_TIMEOUT_MS = 10_000

/** Runs a command that may well fail; `text` is what it printed, or the first line of its complaint */
export async function tryRun(
  argv: [string, ...string[]],
): Promise<{ ok: boolean; isMissing: boolean; text: string }> {
  try {
    const { stdout } = await run(argv, { timeoutMs: COMMAND_TIMEOUT_MS })
    return { ok: true, isMissing: false, text: stdout.trim() }
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error
    const isMissing = (error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT"
    return { ok: false, isMissing, text: error.stderr.trim().split("\n")[0] ?? "" }
  }
}
