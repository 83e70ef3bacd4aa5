import { expect, test } from "vitest"

import { mayConnect, mayOwn } from "./vmm-peer.ts"

const VMM_UID = 810_007
const OTHER_UID = 810_008

test.for([
  ["root, which it is until it drops its rights", 0, true],
  ["the VMM's user", VMM_UID, true],
  ["the user of another VMM", OTHER_UID, false],
] as const)("who may connect: %s", ([, peerUid, isAllowed]) => {
  expect(mayConnect(peerUid, VMM_UID)).toBe(isAllowed)
})

test.for([
  ["still root", 0, 0, true],
  ["root that dropped its rights", VMM_UID, 0, true],
  ["the VMM's user", VMM_UID, VMM_UID, true],
  ["another process that has the pid by now, of root", 0, VMM_UID, false],
  ["another process that has the pid by now, of another VMM", OTHER_UID, 0, false],
] as const)("whose process it may be: %s", ([, processUid, peerUid, isAllowed]) => {
  expect(mayOwn(processUid, peerUid, VMM_UID)).toBe(isAllowed)
})
