import {
  addNetns,
  applyIpBatch,
  deleteLink,
  deleteNetns,
  loadNftRuleset,
  NetworkCommandError,
  netnsExecArgv,
  runNetworkCommand,
  sysctlArgv,
  type NetworkCommandOptions,
  type Run,
} from "@thaw/linux"

import { planSlotNetwork } from "./plan-slot-network.ts"
import { slotAddresses, type SlotAddresses, type SlotIndex } from "./slot-addresses.ts"

/** A single command takes some 10 ms; the rest is room for a machine under load */
const COMMAND_TIMEOUT_MS = 10_000

export interface SlotNetworkOptions {
  readonly run?: Run
}

/** Owner of the namespace, the devices and the rules of one slot */
export interface SlotNetwork extends AsyncDisposable {
  readonly addresses: SlotAddresses
  /** Removes all of it; may be called again, also after it failed */
  close(): Promise<void>
}

/** The namespace or the host's device of a slot exists and is not ours: the slot must be left alone */
export class ForeignSlotError extends Error {
  override readonly name = "ForeignSlotError"

  constructor(slot: SlotIndex, cause: unknown) {
    super(`network slot ${slot} is used by something else on this machine`, { cause })
  }
}

/**
 * Builds the network of a slot: all of it, or nothing stays.
 *
 * @throws {ForeignSlotError} when a namespace or device of that name exists; it is not touched
 * @throws {NetworkCommandError} when a command fails
 */
export async function openSlotNetwork(
  slot: SlotIndex,
  options: SlotNetworkOptions & { readonly signal?: AbortSignal } = {},
): Promise<SlotNetwork> {
  const addresses = slotAddresses(slot)
  const plan = planSlotNetwork(addresses)
  const { namespace, hostVeth } = addresses
  const commandOptions = { timeoutMs: COMMAND_TIMEOUT_MS, ...options }
  // An abort ends what builds, never what takes down.
  const teardownOptions = teardownCommandOptions(options)
  await using stack = new AsyncDisposableStack()

  await createOwned(slot, stack, {
    create: () => addNetns(namespace, commandOptions),
    remove: () => deleteNetns(namespace, teardownOptions),
  })
  await runNetworkCommand(
    {
      action: `write settings of namespace "${namespace}"`,
      argv: netnsExecArgv(namespace, sysctlArgv(plan.namespaceSysctls)),
    },
    commandOptions,
  )
  await loadNftRuleset(plan.namespaceRuleset, { ...commandOptions, namespace })
  const [addVeth, ...setUpVeth] = plan.hostLinks
  await createOwned(slot, stack, {
    create: () => applyIpBatch([addVeth], commandOptions),
    remove: () => deleteLink(hostVeth, teardownOptions),
  })
  await applyIpBatch(setUpVeth, commandOptions)
  await applyIpBatch(plan.namespaceLinks, { ...commandOptions, namespace })

  stack.move()
  return adoptSlotNetwork(slot, options)
}

/** Becomes the owner of what another process built in a slot, be it whole or not */
export function adoptSlotNetwork(slot: SlotIndex, options: SlotNetworkOptions = {}): SlotNetwork {
  const addresses = slotAddresses(slot)
  const commandOptions = teardownCommandOptions(options)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= closeSlotNetwork(addresses, commandOptions).catch((error: unknown) => {
      closing = undefined
      throw error
    })
    return closing
  }
  return { addresses, close, [Symbol.asyncDispose]: close }
}

/** The device goes first: with it the guest is cut off at once, even while a process keeps the namespace alive */
async function closeSlotNetwork(addresses: SlotAddresses, options: NetworkCommandOptions): Promise<void> {
  await using stack = new AsyncDisposableStack()
  stack.defer(() => deleteNetns(addresses.namespace, options))
  stack.defer(() => deleteLink(addresses.hostVeth, options))
  await stack.disposeAsync()
}

function teardownCommandOptions(options: SlotNetworkOptions): NetworkCommandOptions {
  return { timeoutMs: COMMAND_TIMEOUT_MS, ...(options.run !== undefined && { run: options.run }) }
}

/** Leaves `remove` on the stack also when `create` fails: a command that was ended may have done its work */
async function createOwned(
  slot: SlotIndex,
  stack: AsyncDisposableStack,
  step: { create: () => Promise<void>; remove: () => Promise<void> },
): Promise<void> {
  try {
    await step.create()
  } catch (error) {
    if (error instanceof NetworkCommandError && error.errno === "EEXIST") {
      throw new ForeignSlotError(slot, error)
    }
    stack.defer(step.remove)
    throw error
  }
  stack.defer(step.remove)
}
