import type { Socket } from "node:net"

import type { ErrorBody } from "@thaw/api"

interface Refusal {
  readonly status: string
  readonly message: string
}

const MALFORMED: Refusal = { status: "400 Bad Request", message: "the request is not valid HTTP" }

/** Codes of Node's HTTP parser and server that say more: https://nodejs.org/docs/latest-v24.x/api/http.html#event-clienterror */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: "431 Request Header Fields Too Large",
    message: "the headers of the request are too long",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: "408 Request Timeout",
    message: "the headers of the request did not come in time",
  },
}

/** Answers what never becomes a request in the shape of every other error, and ends the connection */
export function answerMalformedHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, message } = REFUSALS[error.code ?? ""] ?? MALFORMED
  const body: ErrorBody = { error: { code: "invalid_argument", message } }
  const text = JSON.stringify(body)
  const head = [
    `HTTP/1.1 ${status}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${text.length}`,
    "connection: close",
  ]
  // Only half of the connection ends by itself; the other half is up to the client, who may never end it.
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`, () => socket.destroy())
}
