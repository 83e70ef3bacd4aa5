import type { Socket } from "node:net"

import type { ErrorBody } from "@thaw/api"

/** Answers what is no HTTP at all in the shape of every other error */
export function answerMalformedHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  const body: ErrorBody = { error: { code: "invalid_argument", message: "the request is not valid HTTP" } }
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`,
  )
}
