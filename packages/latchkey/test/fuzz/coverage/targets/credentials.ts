/** Refresh tokens and API keys: opaque texts with a checksum, which the server reads before it asks its database. */
import { createHash, createHmac } from 'node:crypto'
import { createRandom } from '../../random.js'
import { must, type Target, type TargetDefinition } from '../target.js'

/** What both have that is asked here; `packages/server/src` says the whole. */
interface Credential {
  readonly hash: Buffer
  readonly sid?: string
  readonly id?: string
  readonly gen?: number
  hasTagOf?(tagKey: Uint8Array): boolean
}

interface Format {
  readonly prefix: string
  readonly bytes: number
  parse(text: string): Credential | undefined
  /** Checks what was read against the bytes that it was read from. */
  check(read: Credential, bytes: Buffer): void
  /** Whether the bytes are right, which their checksum does not say. */
  isRight(bytes: Buffer): boolean
}

type Parser<Name extends string> = { readonly [name in Name]: Format['parse'] }

const tagKey = Buffer.alloc(32, 7)

export const refreshToken: TargetDefinition = {
  name: 'refresh-token',
  shortRuns: 20_000,
  async prepare(code) {
    const { parseRefreshToken } = await code.load<Parser<'parseRefreshToken'>>('server/dist/sessions/refresh-token.js')
    const seeds = [0, 1, 2 ** 31 - 2, 2 ** 31 - 1].map((gen) => {
      const bytes = createRandom(gen).bytes(68)
      bytes.writeUInt32BE(gen, 16)
      tagOf(bytes).copy(bytes, 52)
      return bytes
    })
    return createTarget(seeds, {
      ...{ prefix: 'lkr_', bytes: 68, parse: parseRefreshToken },
      isRight: (bytes) => bytes.readUInt32BE(16) <= 2 ** 31 - 2,
      check(read, bytes) {
        must(read.sid === bytes.toString('base64url', 0, 16), 'reads another sid')
        must(read.gen === bytes.readUInt32BE(16), 'reads another gen')
        must(read.hasTagOf?.(tagKey) === tagOf(bytes).equals(bytes.subarray(52)), 'judges the tag wrongly')
      },
    })
  },
}

export const apiKey: TargetDefinition = {
  name: 'api-key',
  shortRuns: 20_000,
  async prepare(code) {
    const { parseApiKey } = await code.load<Parser<'parseApiKey'>>('server/dist/api-keys/api-key.js')
    return createTarget([createRandom(1).bytes(50), Buffer.alloc(50)], {
      ...{ prefix: 'lkk_', bytes: 50, parse: parseApiKey, isRight: () => true },
      check: (read, bytes) => must(read.id === bytes.toString('base64url', 0, 16), 'reads another id'),
    })
  },
}

function tagOf(bytes: Buffer): Buffer {
  return createHmac('sha256', tagKey).update(bytes.subarray(0, 52)).digest().subarray(0, 16)
}

function createTarget(seeds: readonly Buffer[], format: Format): Target {
  const { prefix, bytes: length, parse } = format

  function compare(text: string): void {
    const read = parse(text)
    const bytes = readPlainly(text, prefix, length)
    const isRight = bytes !== undefined && format.isRight(bytes)
    must(read === undefined || isRight, 'accepts a text that must be refused')
    must(read !== undefined || !isRight, 'refuses a right text')
    if (read === undefined || bytes === undefined) return
    must(read.hash.equals(createHash('sha256').update(text).digest()), 'has another hash')
    format.check(read, bytes)
  }
  /** As it is, and with a right checksum, which no change to a text would find. */
  function run(input: string): void {
    compare(input)
    const bytes = Buffer.from(input.slice(prefix.length), 'base64url')
    if (bytes.length < length) return
    compare(write(prefix, bytes.subarray(0, length)))
  }
  const texts = seeds.map((bytes) => write(prefix, bytes))
  const others = texts.flatMap((text) => [`${text}=`, text.slice(0, -1), text.replace(prefix, 'lkx_')])
  return { seeds: [...texts, ...others], words: [prefix, '=', '_', '-'], maxLength: 300, run }
}

function readPlainly(text: string, prefix: string, length: number): Buffer | undefined {
  if (!text.startsWith(prefix)) return undefined
  const bytes = Buffer.from(text.slice(prefix.length), 'base64url').subarray(0, length)
  return bytes.length === length && write(prefix, bytes) === text ? bytes : undefined
}

/** The one spelling of these bytes. */
function write(prefix: string, bytes: Buffer): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(Buffer.concat([Buffer.from(prefix), bytes])))
  return prefix + Buffer.concat([bytes, sum]).toString('base64url')
}

/** Bit by bit, as the standard has it (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return ~sum >>> 0
}
