import { ERROR_CODES } from "@thaw/model"
import { describe, expect, test } from "vitest"
import { z } from "zod"

import { ROUTES } from "./routes.ts"
import type { Route } from "./route.ts"

const ROUTE_LIST = Object.entries<Route>(ROUTES)

describe("ROUTES", () => {
  test("no two routes share method and path, and each has its own name", () => {
    expect(new Set(ROUTE_LIST.map(([, { method, path }]) => `${method} ${path}`)).size).toBe(
      ROUTE_LIST.length,
    )
    for (const [name, { operation }] of ROUTE_LIST) expect(operation).toBe(name)
  })

  test("everything below /v1 needs a key, and nothing else", () => {
    for (const [, { path, auth }] of ROUTE_LIST) expect([path, auth]).toEqual([path, path.startsWith("/v1/")])
  })

  test.each(ROUTE_LIST)("%s can be written as JSON Schema", (_name, { request, response, errors }) => {
    const schemas: z.ZodType[] = []
    if ("schema" in request) schemas.push(request.schema)
    if (request.kind === "json" && request.query !== undefined) schemas.push(request.query)
    if (request.kind === "websocket") schemas.push(request.clientMessages, request.serverMessages)
    if (response.kind === "json") schemas.push(response.schema)
    for (const schema of schemas) expect(z.toJSONSchema(schema, { io: "input" })).toBeTypeOf("object")
    for (const code of errors) expect(ERROR_CODES).toContain(code)
  })
})
