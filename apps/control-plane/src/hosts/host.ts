import { openHostAgentClient, type HostAgentClient, type hostAgent } from "@thaw/rpc"

/** One machine that runs sandboxes, by its host agent */
export interface Host extends Disposable {
  readonly id: string
  readonly client: HostAgentClient
  /** What the host agent last said about itself; undefined until it was reached */
  info: hostAgent.Host | undefined
}

/** There is one host; its id in the database */
const HOST_ID = "default"

/** Opens the client of the one host agent there is */
export function openHost(options: { readonly baseUrl: string; readonly token: string }): Host {
  const client = openHostAgentClient(options)
  return { id: HOST_ID, client, info: undefined, [Symbol.dispose]: () => client[Symbol.dispose]() }
}
