import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { start, stop, unusedPort } from './child.mjs'
import { curl } from './curl.mjs'
import { root } from './report.mjs'

const limitMs = Number(process.env.EXAMPLE_LIMIT_MS ?? 20_000)
const preload = new URL('move-port.mjs', import.meta.url).href
// What stands in a curl line for the member of the last answer that had it.
const names = { REFRESH_TOKEN: 'refresh_token', TOKEN: 'token', KEY_ID: 'id', API_KEY: 'key' }

// Runs the steps of one document in their order and adds what fails to its `problems`; answers how many ran.
export async function runDocument(document) {
  const state = { section: 0, tokens: {} }
  let count = 0
  try {
    for (const step of document.steps) {
      if (step.section !== state.section) await leaveSection(document, state, step.section)
      state.broken ||= step.broken
      if (state.broken) continue
      const failure = await runStep(document, step, state)
      if (failure) {
        document.problems.push({ line: step.line, text: failure })
        state.broken = true
      } else count += 1
    }
    await leaveSection(document, state)
    return count
  } finally {
    for (const child of [state.server, state.latchkey?.child]) if (child) await stop(child)
  }
}

async function leaveSection(document, state, section) {
  const { server, serverLine } = state
  if (server?.code) {
    document.problems.push({ line: serverLine, text: `ended with ${server.code} after it had started${tail(server)}` })
  }
  if (server) await stop(server)
  Object.assign(state, { section, server: undefined, port: undefined, broken: false })
}

async function runStep(document, step, state) {
  const text = step.code ?? step.command
  if (listensOn(4000, step.code ?? '')) return runServer(document, step, state)
  if (/localhost:4000\b/.test(text)) {
    state.latchkey ??= await startLatchkey(document)
    if (state.latchkey.failure) return state.latchkey.failure
  }
  return step.language === 'curl' ? runCurl(step, state) : runProgram(document, step, state)
}

function listensOn(port, code) {
  return new RegExp(`listen\\(\\s*${port}|port:\\s*${port}`).test(code)
}

// A program that is the Latchkey server itself.
async function runServer(document, step, state) {
  const port = await unusedPort()
  state.latchkey = { port }
  const { child, failure } = await runCode(document, step, state, { EXAMPLE_SERVER_PORT: String(port) })
  state.latchkey.child = child
  return failure
}

async function runProgram(document, step, state) {
  if (listensOn(3000, step.code) && state.server) {
    await stop(state.server)
    Object.assign(state, { server: undefined, port: undefined })
  }
  state.port ??= await unusedPort()
  const { child, failure, isServing } = await runCode(document, step, state, { EXAMPLE_PORT: String(state.port) })
  if (isServing) Object.assign(state, { server: child, serverLine: step.line })
  return failure
}

async function runCode(document, step, state, added) {
  const file = join(document.folder, `line-${step.line}.js`)
  const cwd = join(document.folder, `line-${step.line}`)
  mkdirSync(cwd)
  writeFileSync(file, movePorts(step.code, state))
  const child = start(['--import', preload, file], { cwd, env: environment(added) })
  const first = await Promise.race([child.said, child.ended, sleep(limitMs, 'late', { ref: false })])
  const isServing = first === 'said'
  if (first === 'late') {
    await stop(child)
    const port = Object.keys(added)[0] === 'EXAMPLE_PORT' ? 3000 : 4000
    return { child, failure: `neither listens on port ${port} nor ends within ${limitMs / 1000} s${tail(child)}` }
  }
  return { child, isServing, failure: child.code ? `ends with ${child.code}${tail(child)}` : undefined }
}

async function runCurl(step, state) {
  const server = step.port === '3000' ? state.server : state.latchkey.child
  if (!server) return 'asks localhost:3000, and no program of this section listens there'
  const lacking = placeholders(step.words.join(' ')).find((name) => !state.tokens[name])
  if (lacking) return `needs ${lacking}, and no answer before it had one`
  const words = step.words.map((word) => movePorts(fillIn(word, state.tokens), state))
  const until = Date.now() + 3000
  try {
    for (;;) {
      const { status, body } = await curl(words, limitMs)
      // Someone who types is slower than the first reading of the keys.
      if (status === 503 && step.expected !== '503' && Date.now() < until) {
        await sleep(100)
        continue
      }
      remember(body, state.tokens)
      if (step.expected ? String(status) === step.expected : status >= 200 && status < 300) return undefined
      return `answers ${status}; expected: ${step.expected ?? '2xx'}\n    ${body}${tail(server)}`
    }
  } catch (error) {
    return `fails: ${error.message}${tail(server)}`
  }
}

async function startLatchkey(document) {
  const command = join(root, 'packages', 'server', 'bin', 'latchkey.js')
  const port = await unusedPort()
  const cwd = join(document.folder, 'latchkey')
  mkdirSync(cwd)
  const env = environment({ PORT: String(port), LATCHKEY_DATA: join(cwd, 'data') })
  const child = start([command, 'serve'], { cwd, env })
  const until = Date.now() + limitMs
  while (child.code === undefined && Date.now() < until) {
    try {
      await curl(['curl', `http://127.0.0.1:${port}/healthz`], limitMs)
      return { child, port }
    } catch {
      await sleep(50)
    }
  }
  const late = child.code === undefined
  await stop(child)
  return {
    failure: `needs the server, which ${late ? `does not answer within ${limitMs / 1000} s` : 'ends'}${tail(child)}`,
  }
}

function movePorts(text, { port, latchkey }) {
  const moved = port ? text.replaceAll(/localhost:3000\b/g, `localhost:${port}`) : text
  return latchkey ? moved.replaceAll(/localhost:4000\b/g, `localhost:${latchkey.port}`) : moved
}

function placeholders(text) {
  return Object.keys(names).filter((name) => new RegExp(`\\b${name}\\b`).test(text))
}

function fillIn(word, tokens) {
  const known = new RegExp(`\\$?\\{?\\b(${Object.keys(names).join('|')})\\b\\}?`, 'g')
  return word.replaceAll(known, (_, name) => tokens[name])
}

function remember(body, tokens) {
  let answer
  try {
    answer = JSON.parse(body)
  } catch {
    return
  }
  for (const [name, member] of Object.entries(names)) {
    if (typeof answer?.[member] === 'string') tokens[name] = answer[member]
  }
}

// The settings of whoever runs the check do not reach the examples.
function environment(added) {
  const foreign = /^(LATCHKEY_.*|PORT|HOST|DATABASE_URL|NODE_ENV|NODE_OPTIONS|VITEST.*)$/
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))), ...added }
}

function tail(child) {
  const lines = child.output().trimEnd().split('\n').slice(-20)
  return lines.join('') ? `\n    ${lines.join('\n    ')}` : ''
}
