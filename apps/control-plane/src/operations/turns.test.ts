import { expect, test } from "vitest"

import { Turns } from "./turns.ts"

test("work for one key is done in the order it came, also after a failure; other keys do not wait", async () => {
  const turns = new Turns()
  const done: string[] = []
  const first = Promise.withResolvers<void>()
  const work = (name: string, wait?: Promise<void>) => async () => {
    await wait
    done.push(name)
    return name
  }
  const results = [
    turns.take("a", work("a1", first.promise)),
    turns.take("a", work("a2")),
    turns.take("a", work("a3")),
    turns.take("b", work("b1")),
  ]
  expect(await results[3]).toBe("b1")
  expect(done).toEqual(["b1"])
  first.reject(new Error("first"))
  await expect(results[0]).rejects.toThrow("first")
  expect(await Promise.all(results.slice(1))).toEqual(["a2", "a3", "b1"])
  expect(done).toEqual(["b1", "a2", "a3"])
})

test("what is done is not remembered: the next one begins at once", async () => {
  const turns = new Turns()
  await turns.take("a", async () => undefined)
  let isBegun = false
  const taken = turns.take("a", async () => {
    isBegun = true
  })
  expect(isBegun).toBe(true)
  await taken
})
