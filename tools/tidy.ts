import { join } from "node:path"

import { readRepo } from "./tidy/read-repo.ts"
import { RULES } from "./tidy/rules.ts"

/** The rules of style as a test: prints what breaks them as `file:line: message` and ends with 1 when anything does */
const repo = await readRepo(join(import.meta.dirname, ".."))
const findings = RULES.flatMap((rule) => rule(repo)).sort(
  (a, b) => a.file.localeCompare(b.file) || a.line - b.line,
)
for (const { file, line, message } of findings) console.log(`${file}:${line}: ${message}`)
console.log(
  `tidy: ${findings.length} findings in ${repo.sources.length} sources and ${repo.documents.length} documents`,
)
process.exitCode = findings.length === 0 ? 0 : 1
