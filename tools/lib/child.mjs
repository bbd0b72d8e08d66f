import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import process from 'node:process'

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.process.kill('SIGKILL')
})

// A Node process whose output is kept: { process, output(), code, ended, said }. `ended` and `said` are promises of
// its end and of its first message.
export function start(args, { cwd, env }) {
  const node = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  let text = ''
  for (const stream of [node.stdout, node.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      text = (text + chunk).slice(-20_000)
    })
  }
  const child = { process: node, output: () => text, code: undefined }
  running.add(child)
  child.said = new Promise((resolve) => {
    node.once('message', () => resolve('said'))
  })
  child.ended = new Promise((resolve) => {
    node.once('close', (code, signal) => {
      running.delete(child)
      child.code = code ?? signal
      resolve('ended')
    })
  })
  return child
}

export async function stop(child) {
  child.process.kill('SIGKILL')
  await child.ended
}

export async function unusedPort() {
  const server = createServer()
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address()
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}
