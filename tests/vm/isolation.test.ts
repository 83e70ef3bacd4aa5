import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { createServer, type AddressInfo } from "node:net"
import { networkInterfaces } from "node:os"

import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { hostAgentOf } from "./_host-agent-client.ts"
import { startTestPlatform, type TestPlatform } from "./_platform.ts"

const AGENT_PORT = 49_983

let platform: TestPlatform
let id = ""
let neighbourIp = ""
let ownIp = ""
beforeAll(async () => {
  platform = await startTestPlatform()
  const [one, two] = await Promise.all([platform.api.create(), platform.api.create()])
  id = one.id
  using agent = await hostAgentOf(platform)
  const { sandboxes } = await agent.listSandboxes({})
  neighbourIp = sandboxes.find(({ spec }) => spec?.sandboxId === two.id)?.hostIp ?? ""
  ownIp = sandboxes.find(({ spec }) => spec?.sandboxId === one.id)?.hostIp ?? ""
})
afterAll(async () => await platform[Symbol.asyncDispose]())

/** Whether the guest can open a TCP connection there within two seconds */
async function guestReaches(host: string, port: number): Promise<boolean> {
  const { exit_code: exitCode } = await platform.api.exec(id, "timeout", [
    "2",
    "bash",
    "-c",
    `exec 3<>/dev/tcp/${host}/${port}`,
  ])
  return exitCode === 0
}

describe("a guest", () => {
  it("cannot reach another guest's agent, nor its own from outside", async () => {
    expect(neighbourIp).toMatch(/^10\.11\./)
    expect(await guestReaches(neighbourIp, AGENT_PORT)).toBe(false)
    expect(await guestReaches(ownIp, AGENT_PORT)).toBe(false)
  })

  it("cannot reach services of the host on any of its addresses", async () => {
    const server = createServer((socket) => socket.end()).listen(0, "0.0.0.0")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const addresses = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ family }) => family === "IPv4")
    const reached: string[] = []
    for (const { address } of addresses) {
      if (address !== "127.0.0.1" && (await guestReaches(address, port))) reached.push(address)
    }
    expect(addresses.length).toBeGreaterThan(1)
    expect(reached).toEqual([])
    server.close()
  })

  it.each(["169.254.169.254", "169.254.0.22", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1"])(
    "cannot reach %s",
    async (address) => {
      expect(await guestReaches(address, 80)).toBe(false)
    },
  )

  it("gets no answer from the agent, which serves only its host", async () => {
    const answer = await platform.api.shell(
      id,
      `printf 'THAWGA\\x01\\x00%032d\\x01\\x00\\x00\\x00\\x01\\x0a' 0 | timeout 3 python3 -c '
import socket, sys
try:
    s = socket.create_connection(("127.0.0.1", ${AGENT_PORT}))
    s.sendall(sys.stdin.buffer.read())
    print(s.recv(1000))
except ConnectionError:
    print(b"")'`,
    )
    expect(answer.trim()).toBe("b''")
  })
})

describe("a VMM", () => {
  it("runs as its slot's own user, with a seccomp filter and no new privileges", async () => {
    const { vmmProcesses } = await platform.ledger()
    expect(vmmProcesses.length).toBe(2)
    for (const pid of vmmProcesses) {
      const status = await readFile(`/proc/${pid}/status`, "utf8")
      expect(status).toMatch(/^Uid:\s+81\d{4}\s/m)
      expect(status).toMatch(/^Seccomp:\s+2$/m)
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
      expect(status).toMatch(/^CapEff:\s+0+$/m)
    }
  })
})
