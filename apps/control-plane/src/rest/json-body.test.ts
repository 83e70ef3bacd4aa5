import { connect, type AddressInfo } from "node:net"

import websocket from "@fastify/websocket"
import { fastify } from "fastify"
import { afterEach, expect, test, vi } from "vitest"

import { addJsonBodyParser } from "./json-body.ts"

const JSON_TYPE = { "content-type": "Application/JSON; charset=utf-8" }

afterEach(() => {
  vi.useRealTimers()
})

async function startServer() {
  const app = fastify()
  await app.register(websocket)
  addJsonBodyParser(app)
  app.get("/socket", { websocket: true }, () => undefined)
  app.delete("/slow", () => vi.getTimerCount())
  app.post("/json", async () => ({}))
  await app.listen({ port: 0, host: "127.0.0.1" })
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  return app
}

test("an upgraded connection and a request without a body have no time limit", async () => {
  await using app = await startServer()
  const socket = await app.injectWS("/socket", { headers: JSON_TYPE })
  expect(vi.getTimerCount()).toBe(0)
  socket.terminate()
  expect((await app.inject({ method: "DELETE", url: "/slow", headers: JSON_TYPE })).body).toBe("0")
})

test("a body that does not come ends the connection", async () => {
  await using app = await startServer()
  const socket = connect((app.server.address() as AddressInfo).port, "127.0.0.1")
  const closed = new Promise((resolve) => socket.on("close", resolve))
  socket.on("error", () => undefined)
  socket.write(
    "POST /json HTTP/1.1\r\nhost: x\r\ncontent-type: Application/JSON\r\ncontent-length: 2\r\n\r\n{",
  )
  await expect.poll(() => vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(60_000)
  await closed
})
