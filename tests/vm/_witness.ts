import type { Api } from "./_api.ts"

/** What a guest's process, memory and disk are, as text: equal as long as none of them was lost */
export async function startWitness(api: Api, id: string): Promise<string> {
  await api.shell(id, START)
  return await askWitness(api, id)
}

/** Asks the process that `startWitness` started; fails the test when it does not answer */
export async function askWitness(api: Api, id: string): Promise<string> {
  return await api.shell(id, ASK)
}

const START = `
head -c 4194304 /dev/urandom > ~/disk
nohup python3 -c '
import hashlib, os, time
memory = os.urandom(8 << 20)
while True:
    if os.path.exists("/home/user/ask"):
        os.unlink("/home/user/ask")
        text = "%d %s" % (os.getpid(), hashlib.sha256(memory).hexdigest())
        open("/home/user/answer.new", "w").write(text)
        os.rename("/home/user/answer.new", "/home/user/answer")
    time.sleep(0.02)
' > /dev/null 2>&1 &
`

const ASK = `
rm -f ~/answer; touch ~/ask
for i in $(seq 100); do [ -e ~/answer ] && break; sleep 0.05; done
cat ~/answer; echo; sha256sum ~/disk
`
