import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

const manifest = { 'packages/server/package.json': { name: '@latchkey/server' } }
const file = 'packages/server/src/a.ts'

test('passes what compares in constant time, draws from the system, and leaves SQL to parameters', async () => {
  const good = `
    import { randomBytes, timingSafeEqual } from 'node:crypto'
    export const a = (hash: Buffer, other: Buffer) => timingSafeEqual(hash, other)
    export const b = (secret?: string) => secret === undefined || typeof secret !== 'string' || secret.length === 32
    export const c = (signatureLength: number, n: number) => n !== signatureLength
    export const d = (id: number) => sql\`select * from users where uid = \${id}\`
    export const e = () => db.exec('select 1') ?? sql.raw('now()') ?? randomBytes(32)
    export const f = (name: string) => \`updated \${name}\` + 'select'
    export const g = (kind: string, epoch: number) => kind === 'x' && epoch === 1`
  const { code, output } = await runCheck('check-secrets.mjs', {
    ...manifest,
    [file]: good,
    'packages/server/src/a.test.ts': 'expect(hash === secret)',
  })
  expect([code, output]).toEqual([0, 'secrets: 1 files compare, draw and query as they should\n'])
})

test.concurrent.each([
  ['secret === given', 'compares a secret'],
  ['given !== row.cur_hash', 'compares a secret'],
  ['hmacOf(text) == given', 'compares a secret'],
  ['(row.secretHash as string) != given', 'compares a secret'],
  ['macs[0] === given || mac === given', 'compares a secret'],
  ["signature.toString('hex') === given || signatureText === given", 'compares a secret'],
  ['row.hash!.equals(given)', 'compares a secret'],
  ['given.equals(digest)', 'compares a secret'],
  ['Math.random()', 'chance that can be foretold'],
  ['crypto.randomUUID()', 'draws a UUID'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a program.
  ['`select * from users where uid = ${given}`', 'puts SQL together'],
  ["'delete from users where uid = ' + given", 'puts SQL together'],
  ['sql.raw(given)', 'puts SQL together'],
])('refuses %s', async (expression, message) => {
  const { code, output } = await runCheck('check-secrets.mjs', {
    ...manifest,
    [file]: `\nexport const x = ${expression}\n`,
  })
  expect(output).toContain(`${file}:2 `)
  expect(output).toContain(message)
  expect(output).toContain('secrets: 1 to mend')
  expect(code).toBe(1)
})

test('refuses the package uuid, and an exception that has gone', async () => {
  const tabs = 'packages/latchkey/src/client/tabs.ts'
  const { code, output } = await runCheck('check-secrets.mjs', {
    'packages/latchkey/package.json': { name: 'latchkey' },
    [tabs]: "import { v4 } from 'uuid'\nexport const a = v4()\n",
  })
  expect(output).toContain(`${tabs}:1 draws a UUID`)
  expect(output).toContain(`${tabs} holds no Math.random() any more`)
  expect(code).toBe(1)
})
