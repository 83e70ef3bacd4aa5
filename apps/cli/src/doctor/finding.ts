/** `warn`: works, but slower or with less; `fail`: sandboxes cannot run */
export type FindingStatus = "ok" | "warn" | "fail"

/** What the doctor found out about one prerequisite */
export interface Finding {
  readonly name: string
  readonly status: FindingStatus
  readonly finding: string
  /** What to do about it */
  readonly advice?: string
}

/** Looks at one prerequisite. What it throws is a failure of its own. */
export type Check = {
  readonly name: string
  readonly look: () => Promise<Omit<Finding, "name">> | Omit<Finding, "name">
}

export function ok(finding: string): Omit<Finding, "name"> {
  return { status: "ok", finding }
}

export function warn(finding: string, advice: string): Omit<Finding, "name"> {
  return { status: "warn", finding, advice }
}

export function fail(finding: string, advice: string): Omit<Finding, "name"> {
  return { status: "fail", finding, advice }
}
