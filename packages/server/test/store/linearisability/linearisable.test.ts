/** The judge itself: what it must see, and against trying every order. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isLinearisable } from './linearisable.js'
import { type Answer, type Call, oneSession, type SessionOperation } from './one-session.js'

const refresh = (presented: number): Call => ({ kind: 'refresh', presented })
const end: Call = { kind: 'end' }
const revoke: Call = { kind: 'revoke' }
const list: Call = { kind: 'list' }

type Row = readonly [calledAtMs: number, answeredAtMs: number | undefined, call: Call, answer?: Answer]

const operation = ([calledAtMs, atMs, call, answer = '']: Row): SessionOperation => ({
  ...{ call, calledAtMs, answered: atMs === undefined ? undefined : { answer, atMs } },
})
const holds = (...rows: Row[]) => isLinearisable(rows.map(operation), oneSession)

it.each<[string, ...Row[]]>([
  ['nothing'],
  ['one after the other', [0, 1, refresh(0), 'a'], [2, 3, refresh(1), 'b'], [4, 5, list, 'live'], [6, 7, end, 'live']],
  ['the same answer again', [0, 1, refresh(0), 'a'], [2, 3, refresh(0), 'a'], [4, 5, refresh(1), 'b']],
  ['two at once', [0, 3, refresh(0), 'a'], [1, 2, refresh(0), 'a']],
  [
    'an old one ends it',
    [0, 1, refresh(0), 'a'],
    [2, 3, refresh(1), 'b'],
    [4, 5, refresh(0), 'refused'],
    [6, 7, list, 'over'],
  ],
  ['an end while it is refreshed, before', [0, 5, end, 'live'], [1, 4, refresh(0), 'refused']],
  ['an end while it is refreshed, after', [0, 5, end, 'live'], [1, 4, refresh(0), 'a']],
  ['the later answer of the earlier', [0, 9, list, 'live'], [1, 2, end, 'live'], [3, 4, list, 'over']],
  ['a lost refresh that was none', [0, undefined, refresh(0)], [2, 3, refresh(0), 'a'], [4, 5, refresh(1), 'b']],
  ['a lost end that came late', [0, undefined, end], [2, 3, list, 'live'], [4, 5, refresh(0), 'refused']],
  [
    'a lost refresh by which a token is old',
    [0, 1, refresh(0), 'a'],
    [2, undefined, refresh(1)],
    [3, 4, refresh(0), 'refused'],
  ],
])('takes %s', (_, ...rows) => {
  expect(holds(...rows)).toBe(true)
})

it.each<[string, ...Row[]]>([
  ['two pairs for one token', [0, 1, refresh(0), 'a'], [2, 3, refresh(0), 'b']],
  ['two pairs for one token at once', [0, 3, refresh(0), 'a'], [1, 2, refresh(0), 'b']],
  [
    'two pairs for a token whose first answer was lost',
    [0, undefined, refresh(0)],
    [2, 3, refresh(0), 'a'],
    [4, 5, refresh(0), 'b'],
  ],
  ['an old token that is good', [0, 1, refresh(0), 'a'], [2, 3, refresh(1), 'b'], [4, 5, refresh(0), 'a']],
  ['a pair after the end', [0, 1, end, 'live'], [2, 3, refresh(0), 'a']],
  ['a pair after it was revoked', [0, 1, revoke, 'done'], [2, 3, refresh(0), 'a']],
  ['a session that comes back', [0, undefined, end], [1, 2, list, 'over'], [3, 4, list, 'live']],
  ['an end that did not last', [0, 1, end, 'live'], [2, 3, end, 'live']],
  ['the new one refused', [0, 1, refresh(0), 'a'], [2, 3, refresh(1), 'refused']],
  ['a live one that is not in the list', [0, 1, refresh(0), 'a'], [2, 3, list, 'over']],
  [
    'a stolen one that goes on',
    [0, 1, refresh(0), 'a'],
    [2, 3, refresh(1), 'b'],
    [4, 5, refresh(0), 'refused'],
    [6, 7, refresh(2), 'c'],
  ],
  ['an end before it was asked for', [0, 1, list, 'over'], [2, 3, end, 'live']],
])('refuses %s', (_, ...rows) => {
  expect(holds(...rows)).toBe(false)
})

it('is quick where much broke off', () => {
  const lost = Array.from({ length: 200 }, (_, i): Row => [i, undefined, refresh(i % 3)])
  const answers: Row[] = [
    [300, 301, refresh(0), 'a'],
    [302, 303, refresh(1), 'b'],
    [304, 305, list, 'live'],
  ]
  expect(holds(...lost, ...answers)).toBe(true)
  expect(holds(...lost, ...answers, [306, 307, list, 'over'], [308, 309, list, 'live'])).toBe(false)
})

/** Every subset of what was lost, in every order that the times allow. */
function byTryingAll(left: readonly SessionOperation[], state = oneSession.initial): boolean {
  if (left.every(({ answered }) => answered === undefined)) return true
  return left.some((one) => {
    const others = left.filter((other) => other !== one)
    const isAfter = others.some(({ answered }) => answered !== undefined && answered.atMs < one.calledAtMs)
    const next = isAfter ? undefined : oneSession.step(state, one.call, one.answered?.answer)
    return next !== undefined && byTryingAll(others, next)
  })
}

const anyOperation = fc
  .record({
    call: fc.oneof(fc.nat(2).map(refresh), fc.constantFrom(end, revoke, list)),
    answer: fc.constantFrom('a', 'b', 'refused', 'live', 'over', 'done'),
    calledAtMs: fc.nat(8),
    takesMs: fc.nat(5),
    isLost: fc.boolean(),
  })
  .map(({ call, answer, calledAtMs, takesMs, isLost }) =>
    operation([calledAtMs, isLost ? undefined : calledAtMs + takesMs, call, answer]),
  )

it('is of the same mind as trying every order', () => {
  const found = { true: 0, false: 0 }
  fc.assert(
    fc.property(fc.array(anyOperation, { maxLength: 7 }), (operations) => {
      const expected = byTryingAll(operations)
      found[`${expected}`]++
      expect(isLinearisable(operations, oneSession)).toBe(expected)
    }),
    { numRuns: 3000 },
  )
  expect(Math.min(found.true, found.false)).toBeGreaterThan(100)
})
