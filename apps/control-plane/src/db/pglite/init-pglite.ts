import { startPglite } from "./open-pglite.ts"

// A program of its own: makes the database in the directory it is given, and ends.
const dir = process.argv[2]
if (dir === undefined) throw new Error("make a database: no directory given")
const pglite = await startPglite(dir)
await pglite.close()
