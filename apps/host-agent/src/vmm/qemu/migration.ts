import { setTimeout as sleep } from "node:timers/promises"

import { QmpError, type QmpClient } from "./qmp-client.ts"

/** How often QEMU is asked whether it is done: saving and loading take two milliseconds each */
const POLL_MS = 1
const CANCEL_TIMEOUT_MS = 2_000

/** More than any disk or socket takes: QEMU's own 128 MiB/s and its guess at the downtime are for machines that run */
const BANDWIDTH_BYTES_PER_SEC = 2 ** 36

interface MigrationInfo {
  readonly status?: string
  readonly "error-desc"?: string
}

/** QEMU's word for what a machine is doing; run-state.json of QEMU 7.2 */
export async function queryRunState(qmp: QmpClient): Promise<string> {
  return ((await qmp.execute("query-status")) as { readonly status: string }).status
}

/**
 * Makes QEMU leave out memory that is a shared file, when it saves and when it loads.
 *
 * `x-ignore-shared` of migration.json, QEMU 7.2. It must be set on both sides.
 */
export async function ignoreSharedMemory(qmp: QmpClient): Promise<void> {
  const capabilities = [{ capability: "x-ignore-shared", state: true }]
  await qmp.execute("migrate-set-capabilities", { capabilities })
}

/**
 * Has QEMU send its state to a unix socket.
 *
 * @throws {QmpError} when it fails or takes longer than `timeoutMs`; then it is over all the same
 */
export async function migrateToSocket(qmp: QmpClient, path: string, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  await ignoreSharedMemory(qmp)
  await qmp.execute("migrate-set-parameters", { "max-bandwidth": BANDWIDTH_BYTES_PER_SEC })
  await qmp.execute("migrate", { uri: `unix:${path}` })
  for (;;) {
    const info = (await qmp.execute("query-migrate")) as MigrationInfo
    if (info.status === "completed") return
    if (info.status === "failed" || info.status === "cancelled") {
      throw new QmpError(`QEMU could not save its state: ${info["error-desc"] ?? info.status}`)
    }
    if (performance.now() > deadline) {
      await cancelMigration(qmp)
      throw new QmpError(`QEMU did not save its state within ${timeoutMs} ms`)
    }
    await sleep(POLL_MS)
  }
}

/** Stops QEMU from sending, and waits until it has stopped: only then the machine may run */
export async function cancelMigration(qmp: QmpClient): Promise<void> {
  await qmp.execute("migrate_cancel")
  const deadline = performance.now() + CANCEL_TIMEOUT_MS
  const isOver = async () => {
    const { status } = (await qmp.execute("query-migrate")) as MigrationInfo
    return status === undefined || ["none", "completed", "failed", "cancelled"].includes(status)
  }
  while (!(await isOver())) {
    if (performance.now() > deadline) throw new QmpError("QEMU goes on sending its state")
    await sleep(POLL_MS)
  }
}

/**
 * Has QEMU load a state from a descriptor that it inherited, and waits until its machine stands ready.
 *
 * @throws {QmpError} when it cannot; QEMU ends itself then
 */
export async function migrateFromDescriptor(qmp: QmpClient, fd: number, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  await ignoreSharedMemory(qmp)
  await qmp.execute("migrate-incoming", { uri: `fd:${fd}` })
  while ((await queryRunState(qmp)) === "inmigrate") {
    if (performance.now() > deadline) throw new QmpError(`QEMU did not load a state within ${timeoutMs} ms`)
    await sleep(POLL_MS)
  }
}
