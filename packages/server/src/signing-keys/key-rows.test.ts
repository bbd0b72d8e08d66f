import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { newKeyRow } from './key-rows.js'
import type { MasterKey } from './master-key.js'

it('a key has no name that a command would take for an option', () => {
  const sealing = randomBytes(32)
  const master = { derive: () => sealing } as Pick<MasterKey, 'derive'> as MasterKey
  const kids = Array.from({ length: 500 }, () => newKeyRow('HS256', master, 0).kid)
  expect(kids.filter((kid) => kid.startsWith('-'))).toEqual([])
})
