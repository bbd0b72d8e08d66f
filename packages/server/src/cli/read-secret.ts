import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { type CommandIo, UsageError } from './command-io.js'

const maxSecretBytes = 4096

/**
 * Reads a secret: with `fromStdin` all of standard input but the line end after it, else what is typed at a prompt that shows
 * nothing. Never from an argument, which every user of the machine could see.
 * @throws UsageError when there is no terminal to ask at.
 */
export async function readSecret(io: CommandIo, prompt: string, fromStdin: boolean): Promise<string> {
  if (fromStdin) return readStdin(io, 'password', maxSecretBytes)
  if (!io.stdin.isTTY)
    throw new UsageError('There is no terminal to ask for the password: pipe it in, with --secret-stdin')
  return askHidden(io.stdin as NodeJS.ReadStream, prompt)
}

/**
 * All of standard input but the line end after it; `what` is what it holds.
 * @throws UsageError when it is no UTF-8, or too long.
 */
export async function readStdin(io: CommandIo, what: string, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of io.stdin) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk))
    length += chunk.length
    if (length > maxBytes) throw new UsageError(`The ${what} on standard input is too long`)
  }
  const bytes = Buffer.concat(chunks)
  const text = bytes.toString()
  // What is no UTF-8 would become another password, silently.
  if (!Buffer.from(text).equals(bytes)) throw new UsageError(`The ${what} on standard input must be UTF-8`)
  return text.replace(/\r?\n$/, '')
}

function askHidden(terminal: NodeJS.ReadStream, prompt: string): Promise<string> {
  process.stderr.write(prompt)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: terminal, output: silent, terminal: true })
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      lines.removeAllListeners('close')
      lines.close()
      process.stderr.write('\n')
      resolve(line)
    })
    // Ctrl+C or Ctrl+D.
    lines.once('close', () => reject(new UsageError('No password was given')))
  })
}
