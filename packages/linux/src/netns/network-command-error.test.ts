import { expect, test } from "vitest"

import { CommandFailedError } from "../exec/command-failed-error.ts"
import { NetworkCommandError, parseFailedLine, parseNetworkErrno } from "./network-command-error.ts"

test.each([
  ["RTNETLINK answers: File exists\nCommand failed -:3", "EEXIST", 3],
  ['Cannot create namespace file "/run/netns/ns-1": File exists', "EEXIST", undefined],
  ['Cannot remove namespace file "/run/netns/ns-1": No such file or directory', "ENOENT", undefined],
  ['Cannot find device "veth-1"\nCommand failed -:12', "ENODEV", 12],
  ["Error: Could not process rule: No such file or directory\ndelete table inet xx", "ENOENT", undefined],
  ["ioctl(TUNSETIFF): Device or resource busy\nCommand failed -:5", "EBUSY", 5],
  ["something new", undefined, undefined],
])("%j is read as %s at line %s", (stderr, errno, failedLine) => {
  expect(parseNetworkErrno(stderr)).toBe(errno)
  expect(parseFailedLine(stderr)).toBe(failedLine)
})

test("the error carries what was being done, the errno, the line and the command", () => {
  const cause = new CommandFailedError({
    argv: ["ip", "-batch", "-"],
    exitCode: 1,
    signal: null,
    timedOut: false,
    tooMuchOutput: false,
    aborted: false,
    stdout: "",
    stderr: "RTNETLINK answers: File exists\nCommand failed -:1",
    durationMs: 3,
  })
  const error = new NetworkCommandError('set up links of namespace "ns-1"', cause)
  expect(error).toMatchObject({
    message: 'could not set up links of namespace "ns-1" (EEXIST)',
    errno: "EEXIST",
    failedLine: 1,
    cause,
  })
})
