import { findFunctions } from "./find-functions.ts"
import { isTestFile, type Finding, type Repo } from "./repo.ts"

const FILE_LINES_MAX = 400
const TEST_FILE_LINES_MAX = 600
const FUNCTION_LINES_MAX = 70

/** A file past the limit holds more than one concept */
export function checkFileSizes({ sources }: Repo): Finding[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length
    const max = isTestFile(path) ? TEST_FILE_LINES_MAX : FILE_LINES_MAX
    return lines <= max
      ? []
      : [{ file: path, line: max + 1, message: `file has ${lines} lines, at most ${max}` }]
  })
}

/** A function past the limit does more than one thing; callbacks in tests hold whole groups of them and are exempt */
export function checkFunctionSizes({ sources }: Repo): Finding[] {
  return sources.flatMap(({ path, code }) =>
    findFunctions(code)
      .filter(({ isCallback }) => !(isCallback && isTestFile(path)))
      .filter(({ firstLine, lastLine }) => lastLine - firstLine + 1 > FUNCTION_LINES_MAX)
      .map(({ firstLine, lastLine }) => ({
        file: path,
        line: firstLine,
        message: `function has ${lastLine - firstLine + 1} lines, at most ${FUNCTION_LINES_MAX}`,
      })),
  )
}
