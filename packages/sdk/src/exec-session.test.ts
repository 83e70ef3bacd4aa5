import { EventEmitter } from "node:events"

import type { PlatformError } from "@thaw/model"
import { describe, expect, it } from "vitest"

import { ExecSession, type ExecSocket } from "./exec-session.ts"

/** A socket whose other end is the test */
class FakeSocket extends EventEmitter {
  readonly sent: unknown[] = []
  isPaused = false

  send(text: string, done: (error?: Error) => void): void {
    this.sent.push(JSON.parse(text))
    done()
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  close(): void {
    this.emit("close", 1000, Buffer.from(""))
  }

  receive(message: unknown): void {
    this.emit("message", Buffer.from(JSON.stringify(message)))
  }
}

function openSession() {
  const socket = new FakeSocket()
  return { socket, session: new ExecSession(socket as unknown as ExecSocket) }
}

const EXIT = { type: "exit", exit_code: 3, timed_out: false, duration_ms: 5 }

describe("ExecSession", () => {
  it("gives events in their order and ends with the exit", async () => {
    const { socket, session } = openSession()
    socket.receive({ type: "started", pid: 7 })
    socket.receive({ type: "stdout", data: Buffer.from([0xff, 0x00]).toString("base64") })
    socket.receive(EXIT)
    socket.close()
    expect(await Array.fromAsync(session.events())).toEqual([
      { type: "started", pid: 7 },
      { type: "stdout", data: Buffer.from([0xff, 0x00]) },
      { type: "exit", exitCode: 3, signal: undefined, timedOut: false, durationMs: 5 },
    ])
  })

  it("pauses the connection of a slow reader, and resumes it when all is read", async () => {
    const { socket, session } = openSession()
    for (let count = 0; count < 64; count++) socket.receive({ type: "stdout", data: "" })
    expect(socket.isPaused).toBe(true)
    const events = session.events()
    for (let count = 0; count < 63; count++) await events.next()
    expect(socket.isPaused).toBe(true)
    await events.next()
    expect(socket.isPaused).toBe(false)
  })

  it("throws the error that the server sends", async () => {
    const { socket, session } = openSession()
    socket.receive({ type: "error", error: { code: "wrong_state", message: "it is stopped" } })
    await expect(session.events().next()).rejects.toMatchObject({
      code: "wrong_state",
      message: "it is stopped",
    })
  })

  it("throws when the connection ends before the command", async () => {
    const { socket, session } = openSession()
    const next = session.events().next()
    socket.close()
    await expect(next).rejects.toMatchObject({ code: "unavailable" } satisfies Partial<PlatformError>)
  })

  it.each(["no json", "[]", '{"type":"other"}', '{"type":"stdout","data":"*"}'])(
    "refuses %s",
    async (text) => {
      const { socket, session } = openSession()
      socket.emit("message", Buffer.from(text))
      await expect(session.events().next()).rejects.toMatchObject({ code: "internal" })
    },
  )

  it("sends what it is told", async () => {
    const { socket, session } = openSession()
    await session.writeStdin(Buffer.from("hi"))
    await session.closeStdin()
    await session.signal("SIGINT")
    await session.resize({ cols: 80, rows: 24 })
    expect(socket.sent).toEqual([
      { type: "stdin", data: "aGk=" },
      { type: "close_stdin" },
      { type: "signal", signal: "SIGINT" },
      { type: "resize", cols: 80, rows: 24 },
    ])
  })

  it("closes twice without harm", async () => {
    const { session } = openSession()
    session.close()
    session.close()
    await expect(session.events().next()).rejects.toMatchObject({ code: "unavailable" })
  })
})
