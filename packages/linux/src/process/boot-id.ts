import { readFile } from "node:fs/promises"

/** Reads what is different after each start of the machine; random(4). A process identity means nothing in another boot. */
export async function readBootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim()
}
