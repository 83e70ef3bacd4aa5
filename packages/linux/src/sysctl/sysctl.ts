import { readFile, writeFile } from "node:fs/promises"

/** Name in dots (`net.ipv4.ip_forward`) and value of one kernel setting */
export interface Sysctl {
  readonly name: string
  readonly value: string
}

/** Reads a kernel setting of this process's namespaces */
export async function readSysctl(name: string): Promise<string> {
  return (await readFile(sysctlPath(name), "utf8")).trim()
}

/** Writes a kernel setting of this process's namespaces */
export async function writeSysctl(sysctl: Sysctl): Promise<void> {
  await writeFile(sysctlPath(sysctl.name), sysctl.value)
}

/** The argv of sysctl(8) that writes settings and prints nothing, for use inside a namespace */
export function sysctlArgv(sysctls: readonly Sysctl[]): readonly [string, ...string[]] {
  return ["sysctl", "-q", "-w", ...sysctls.map(({ name, value }) => `${name}=${value}`)]
}

function sysctlPath(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`
}
