/** A Latchkey server of its own, and users who are logged in. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, pathOf, startNode } from './processes.mjs'

const bin = pathOf('../packages/server/bin/latchkey.js')
const userOf = (name, number) => ({
  account: `${name}-${number}@example.org`,
  secret: 'correct horse battery',
  type: 100,
})
/** A user may have a hundred sessions: the oldest end. */
const sessionsAUser = 50

/** `latchkey serve` in a new folder; `environment` as its documentation names it. */
export async function startLatchkey({ environment = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const port = await freePort()
  const began = performance.now()
  const url = `http://127.0.0.1:${port}`
  const env = { LATCHKEY_ISSUER: url, ...environment }
  const process = startNode([bin, 'serve', '--port', String(port), '--json'], { cwd: folder, env, silent: true })
  const answeredMs = await untilAnswers(`${url}/readyz`, began)
  return {
    ...{ url, answeredMs, pid: process.child.pid },
    async end() {
      await process.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Milliseconds from `began` to the first answer. */
async function untilAnswers(url, began) {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return performance.now() - began
    if (performance.now() - began > 60_000) throw new Error(`${url} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Registers users, logs them in, two at a time, and answers as many pairs. */
export async function logInMany(url, count) {
  const users = await registerUsers(url, Math.ceil(count / sessionsAUser))
  const pairs = []
  let begun = 0
  const some = async () => {
    while (begun < count) pairs.push(await postJson(`${url}/v1/token`, users[begun++ % users.length]))
  }
  await Promise.all([some(), some()])
  return pairs
}

/**
 * Answers what each logs in with. Sixty may register in a minute from one place: a server that is to take more must trust one
 * proxy, and takes each for another place.
 */
export async function registerUsers(url, count, name = 'user') {
  const users = Array.from({ length: count }, (_, number) => userOf(name, number))
  for (const [number, user] of users.entries()) {
    const headers = { 'x-forwarded-for': `10.${number >> 8}.${number & 255}.1` }
    await postJson(`${url}/v1/client/register`, { ...user, nickname: 'ann' }, headers)
  }
  return users
}

export async function postJson(url, body, headers) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url} answers ${answer.status} ${await answer.text()}`)
  return answer.json()
}
