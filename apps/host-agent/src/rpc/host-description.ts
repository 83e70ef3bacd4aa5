import type { MessageInitShape } from "@bufbuild/protobuf"
import type { HostCapacity } from "@thaw/model"
import type { hostAgent } from "@thaw/rpc"

/** What a host says of itself */
export interface HostDescription {
  readonly capacity: HostCapacity
  describe(): Promise<MessageInitShape<typeof hostAgent.HostSchema>>
}
