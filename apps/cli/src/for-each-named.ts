import type { CliContext } from "./cli-context.ts"

/**
 * Does one thing to each of several things a user named, one after the other, also when some fail.
 *
 * @returns The results, and the last failure, which decides the exit code; those before it are told here
 */
export async function forEachNamed<T>(
  context: Pick<CliContext, "output">,
  names: readonly string[],
  act: (name: string) => Promise<T>,
): Promise<{ results: T[]; failure: { readonly error: unknown } | undefined }> {
  const results: T[] = []
  let failure: { readonly error: unknown } | undefined
  for (const name of names) {
    try {
      results.push(await act(name))
    } catch (error) {
      if (failure !== undefined) context.output.error(failure.error)
      failure = { error }
    }
  }
  return { results, failure }
}
