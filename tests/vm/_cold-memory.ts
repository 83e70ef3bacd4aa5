import type { Api } from "./_api.ts"

/** Has a guest's process fill memory that nothing touches until it is asked for; returns its hash */
export async function startColdMemory(api: Api, id: string, mib = 64): Promise<string> {
  await api.shell(id, START.replace("MIB", String(mib)))
  return (await api.shell(id, waitFor("filled"), LONG)).trim()
}

/** Has the process begin to read all of it, and returns before it has */
export async function beginReading(api: Api, id: string): Promise<void> {
  await api.shell(id, "rm -f ~/result; touch ~/go")
}

export interface ColdReading {
  readonly sha256: string
  /** The longest that the process stood still */
  readonly stillMs: number
}

/** Waits until the process has read all of it */
export async function finishReading(api: Api, id: string): Promise<ColdReading> {
  return JSON.parse(await api.shell(id, waitFor("result"), LONG)) as ColdReading
}

const LONG = { timeout_sec: 90 }

/** It sleeps a little for every MiB, so that there is time to disturb it */
const START = `
rm -f ~/filled
nohup python3 -c '
import hashlib, json, os, time
memory = [os.urandom(1 << 20) for _ in range(MIB)]
def publish(name, text):
    open(name + ".new", "w").write(text)
    os.rename(name + ".new", name)
os.chdir("/home/user")
publish("filled", hashlib.sha256(b"".join(memory)).hexdigest())
while True:
    while not os.path.exists("go"): time.sleep(0.02)
    os.unlink("go")
    digest, longest, last = hashlib.sha256(), 0, time.monotonic()
    for part in memory:
        digest.update(part)
        time.sleep(0.01)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    publish("result", json.dumps({"sha256": digest.hexdigest(), "stillMs": round(longest * 1000)}))
' > /dev/null 2>&1 &
`

function waitFor(name: string): string {
  return `for i in $(seq 800); do [ -e ~/${name} ] && break; sleep 0.1; done; cat ~/${name}`
}
