import type { Check, Finding } from "./finding.ts"

/** Runs every check; one that throws has failed, and the others go on */
export async function runChecks(checks: readonly Check[]): Promise<Finding[]> {
  const look = async (check: Check): Promise<Finding> => {
    try {
      return { name: check.name, ...(await check.look()) }
    } catch (error) {
      const finding = `the check itself failed: ${error instanceof Error ? error.message : String(error)}`
      return {
        name: check.name,
        status: "fail",
        finding,
        advice: "this is a defect of Thaw or a broken machine",
      }
    }
  }
  return await Promise.all(checks.map(look))
}

/** Whether sandboxes can run */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ status }) => status !== "fail")
}

const MARKS = { ok: "✓", warn: "!", fail: "✗" } as const

/** Formats findings for a person, each with what to do about it */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ name }) => name.length))
  return findings
    .map(({ name, status, finding, advice }) => {
      const hint = advice === undefined ? "" : `\n  ${" ".repeat(width)}  → ${advice}`
      return `${MARKS[status]} ${name.padEnd(width)}  ${finding}${hint}\n`
    })
    .join("")
}
