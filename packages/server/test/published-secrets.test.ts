/** Published HMAC secrets are refused: lists that nobody here wrote, and of which nothing is kept but hashes. */
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { describeVectors, reportRecords } from '../../latchkey/test/vectors.js'
import { isPublishedSecret } from '../src/signing-keys/published-secrets.js'
import { readSecretList } from '../src/signing-keys/secret.js'
import { temporaryFolder } from './server.js'
import { startServe } from './start-process.js'

const script = fileURLToPath(new URL('../../../tools/write-published-secrets.mjs', import.meta.url))
const folder = temporaryFolder()

describeVectors('published HMAC secrets', 'wallarm-jwt-secrets', (vectors) => {
  const lines = vectors
    .text('jwt.secrets.list')
    .split('\n')
    .map((line) => line.trim())
  const ofLength = (least: number) => lines.filter((line) => Buffer.byteLength(line) >= least)

  it('are refused as LATCHKEY_SECRET, each of 32 bytes and more; what holds a comma is a list of two', () => {
    const secrets = ofLength(32).filter((secret) => !secret.includes(','))
    const accepted = secrets.filter((secret) => {
      try {
        readSecretList(secret)
        return true
      } catch (error) {
        expect(error).toMatchObject({ name: 'StartError', reason: 'secret_weak' })
        expect((error as Error).message).not.toContain(secret)
        return false
      }
    })
    reportRecords('jwt.secrets.list, 32 bytes and more', secrets.length, accepted.length)
    expect([accepted, secrets.length > 1800]).toEqual([[], true])
  })

  it('are known as they stand, and by their texts in base64, base64url and hexadecimal', () => {
    const secrets = ofLength(16)
    const unknown = secrets.filter((secret) => {
      const spellings = (['base64', 'base64url', 'hex'] as const).map((spelling) =>
        Buffer.from(secret).toString(spelling),
      )
      return ![secret, ...spellings].every(isPublishedSecret)
    })
    reportRecords('jwt.secrets.list, 16 bytes and more', secrets.length, unknown.length)
    expect([unknown, secrets.length > 3000]).toEqual([[], true])
  })

  it('are all that the file of hashes was made of, by the script in tools', () => {
    const said = execFileSync(process.execPath, [script, dirname(vectors.path), '--check'], { encoding: 'utf8' })
    expect(said).toMatch(/^published secrets: \d+ read, \d+ of 16 bytes and more, \d+ bytes\n$/)
  })

  it('stop the start, by a sentence that names the weakness and not the secret', async () => {
    const published = ofLength(32).find((line) => /^[A-Za-z0-9]+$/.test(line)) as string
    const environment = { LATCHKEY_DATA: join(folder, 'data'), LATCHKEY_SECRET: published }
    const server = await startServe({ folder, environment })
    expect(await server.ended).toBe(1)
    expect(server.output.error).toContain('LATCHKEY_SECRET is on lists of published secrets')
    expect(server.output.out + server.output.error).not.toContain(published)
  })
})

it('a secret that is weak can still be left behind: new,old opens the keys', () => {
  const weak = 'secret'.repeat(6)
  expect(() => readSecretList(`d3Vn0qz8Lx5KpRt2Yb7WmA9chJ4sFgEu,${weak}`)).not.toThrow()
  expect(() => readSecretList(`${weak},d3Vn0qz8Lx5KpRt2Yb7WmA9chJ4sFgEu`)).toThrow(
    'a text of 6 characters again and again',
  )
})
