import { closeSync, openSync, readSync } from "node:fs"
import { workerData } from "node:worker_threads"

import { markRead, type ReadMarkWords } from "./read-mark.ts"

/** Thread that does a thousand short reads, and then one that waits for as long as nobody writes to the pipe */
const { words, pidfd, pipePath } = workerData as { words: ReadMarkWords; pidfd: number; pipePath: string }

const zeroes = openSync("/dev/zero", "r")
const target = Buffer.alloc(1)
for (let count = 0; count < 1000; count++) markRead(words, pidfd, () => readSync(zeroes, target))
closeSync(zeroes)
const pipe = openSync(pipePath, "r+")
markRead(words, pidfd, () => readSync(pipe, target))
closeSync(pipe)
