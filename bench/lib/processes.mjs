/** Programs beside this one that are measured. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const pathOf = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))

/**
 * Starts a program of Node; `nextLine()` is what it prints next, `ask(line)` that after this line is written to it.
 * What a `silent` one prints goes nowhere: a server waits for whoever reads its log.
 */
export function startNode(words, { cwd, env, silent = false } = {}) {
  const child = spawn(process.execPath, words, {
    stdio: ['pipe', silent ? 'ignore' : 'pipe', 'inherit'],
    cwd,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
  })
  const lines = silent ? undefined : createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'exit')
  async function nextLine() {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${words[0]} has ended`)
    return JSON.parse(value)
  }
  return {
    child,
    nextLine,
    ask(line = '') {
      child.stdin.write(`${line}\n`)
      return nextLine()
    },
    async end() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
