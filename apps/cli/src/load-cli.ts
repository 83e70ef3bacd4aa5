import type { runCli } from "./run-cli.ts"
import { SOURCE_DIR } from "./source-dir.ts"

/** What every native call goes through; npm leaves its binary out where it does not know the machine */
const NATIVE_PACKAGE = /koffi/i

/**
 * Loads the command line, which calls libc from its first module on.
 *
 * @throws {Error} saying what to do when the native part cannot be loaded
 */
export async function loadCli(): Promise<typeof runCli> {
  try {
    return (await import("./run-cli.ts")).runCli
  } catch (error) {
    if (!(error instanceof Error) || !NATIVE_PACKAGE.test(error.message)) throw error
    const reason = error.message.split("\n")[0]
    const advice = `delete "${SOURCE_DIR}/node_modules" and run ./thaw, which installs it again`
    throw new Error(`the package koffi does not work here (${reason}); ${advice}`, { cause: error })
  }
}
