import { statfs } from "node:fs/promises"
import { availableParallelism, freemem, totalmem } from "node:os"
import { dirname } from "node:path"

import { GIB, LIMITS, MIB } from "@thaw/model"

import { fail, ok, warn, type Check } from "./finding.ts"

const NODE_MAJOR_MIN = 24
/** Two base templates while one replaces the other, the build tree and a few sandboxes */
const DISK_BYTES_MIN = 4 * GIB
const DISK_BYTES_GOOD = 10 * GIB
const MEMORY_MIB_MIN = LIMITS.hostReserveMib + LIMITS.memoryMibDefault + LIMITS.vmmOverheadMib

/** What the machine itself must be */
export function machineChecks(dataDir: string): Check[] {
  return [
    { name: "root", look: checkRoot },
    { name: "architecture", look: checkArchitecture },
    { name: "node", look: () => checkNode(process.versions.node) },
    { name: "memory", look: () => checkMemory(totalmem() / MIB, freemem() / MIB) },
    { name: "disk", look: () => checkDisk(dataDir) },
  ]
}

function checkRoot() {
  if (process.getuid?.() === 0) return ok(`running as root, ${availableParallelism()} CPUs`)
  return fail("not running as root", "run thaw with sudo or as root: it makes network namespaces and devices")
}

function checkArchitecture() {
  if (process.arch === "x64" && process.platform === "linux") return ok("Linux on x86_64")
  return fail(`${process.platform} on ${process.arch}`, "use a Linux machine with an x86_64 CPU")
}

export function checkNode(version: string) {
  const major = Number.parseInt(version, 10)
  if (major >= NODE_MAJOR_MIN) return ok(`Node ${version}`)
  return fail(`Node ${version}`, `run ./thaw, which brings Node ${NODE_MAJOR_MIN} with it`)
}

export function checkMemory(totalMib: number, freeMib: number) {
  const finding = `${Math.floor(totalMib)} MiB, ${Math.floor(freeMib)} MiB of them free`
  if (totalMib >= MEMORY_MIB_MIN) return ok(finding)
  return warn(finding, `${MEMORY_MIB_MIN} MiB are needed for one sandbox of the default size`)
}

async function checkDisk(dataDir: string) {
  const { path, bavail, bsize } = await statfsOfExisting(dataDir)
  const finding = `${((bavail * bsize) / GIB).toFixed(1)} GiB free in ${path}`
  const advice = `free at least ${DISK_BYTES_GOOD / GIB} GiB, or choose another --data-dir`
  if (bavail * bsize < DISK_BYTES_MIN) return fail(finding, advice)
  return bavail * bsize < DISK_BYTES_GOOD ? warn(finding, advice) : ok(finding)
}

/** The data directory need not be there yet: its nearest parent says where it will be */
async function statfsOfExisting(path: string): Promise<{ path: string; bavail: number; bsize: number }> {
  try {
    const { bavail, bsize } = await statfs(path)
    return { path, bavail, bsize }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || path === dirname(path)) throw error
    return await statfsOfExisting(dirname(path))
  }
}
