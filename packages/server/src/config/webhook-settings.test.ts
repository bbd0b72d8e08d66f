import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, type LatchkeyConfig, readConfig } from '../config.js'

const secretOf = (bytes: number) =>
  `whsec_${Buffer.alloc(bytes, 'a canary of a secret, never to be shown ').toString('base64')}`
const secret = secretOf(32)
const good = { url: 'https://hooks.example/latchkey', secret, events: ['login', 'disable'] } as const
const read = (webhooks: unknown) =>
  readConfig({ argument: { webhooks } as LatchkeyConfig, environment: {}, folder: tmpdir() })

async function refusal(webhooks: unknown): Promise<string> {
  const error = await read(webhooks).catch((reason) => reason)
  expect(error).toBeInstanceOf(ConfigurationError)
  return (error as Error).message
}

it.each([
  [[]],
  [[good]],
  [[good, { ...good, url: 'https://hooks.example/other' }]],
  [[{ ...good, url: 'http://localhost:4001/hooks?a=b' }]],
  [[{ ...good, url: 'http://127.0.0.1:4001' }]],
  [[{ ...good, url: 'http://[::1]:4001/' }]],
  [[{ ...good, secret: secretOf(24) }]],
  [[{ ...good, secret: secretOf(64) }]],
  [[{ ...good, events: ['refusals_dropped'] }]],
])('takes %j', async (webhooks) => {
  expect((await read(webhooks)).webhooks).toEqual(webhooks)
})

it('keeps a copy that nobody changes', async () => {
  const given = [{ ...good, events: ['login'] }]
  const { webhooks } = await read(given)
  given[0]?.events.push('no event')
  given.pop()
  expect(webhooks).toEqual([{ ...good, events: ['login'] }])
  const [one] = webhooks
  expect([webhooks, one, one?.events].every(Object.isFrozen)).toBe(true)
})

describe('refuses, and names what and where,', () => {
  it.each([
    ['a value that is no list', good, 'webhooks (argument) must be a list of at most 16'],
    ['17 of them', Array(17).fill(good), 'webhooks (argument) must be a list of at most 16'],
    ['a text', ['https://hooks.example'], 'webhooks[0] (argument) must be an object of url, secret and events'],
    ['null', [null], 'webhooks[0] (argument) must be an object'],
    ['a member too many', [good, { ...good, event: 'login' }], 'webhooks[1] (argument) must be an object'],
    ['no URL', [{ ...good, url: undefined }], 'webhooks[0].url (argument) must be an https URL'],
    ['a path', [{ ...good, url: '/hooks' }], 'webhooks[0].url (argument) must be an https URL'],
    ['another scheme', [{ ...good, url: 'file:///etc/passwd' }], 'webhooks[0].url'],
    ['http to another machine', [{ ...good, url: 'http://hooks.example/' }], 'http only to this machine'],
    ['http to what begins as loopback', [{ ...good, url: 'http://127.0.0.1.hooks.example/' }], 'webhooks[0].url'],
    ['http to localhost as a user', [{ ...good, url: 'http://localhost@hooks.example/' }], 'webhooks[0].url'],
    ['http to 0.0.0.0', [{ ...good, url: 'http://0.0.0.0:4001/' }], 'webhooks[0].url'],
    ['a password in the URL', [{ ...good, url: 'https://ann:canary@hooks.example/' }], 'webhooks[0].url'],
    ['a user in the URL', [{ ...good, url: 'https://canary@hooks.example/' }], 'webhooks[0].url'],
    ['a fragment', [{ ...good, url: 'https://hooks.example/#a' }], 'webhooks[0].url'],
    ['white space', [{ ...good, url: 'https://hooks.example/a b' }], 'webhooks[0].url'],
    ['a long URL', [{ ...good, url: `https://hooks.example/${'a'.repeat(2048)}` }], 'webhooks[0].url'],
    [
      'the same URL again',
      [good, { ...good, url: 'https://Hooks.Example:443/latchkey' }],
      'webhooks[1].url (argument) must be another one than that of webhooks[0]',
    ],
    ['no secret', [{ ...good, secret: undefined }], 'webhooks[0].secret (argument) must be whsec_ and the base64 of'],
    ['a secret of 23 bytes', [{ ...good, secret: secretOf(23) }], 'webhooks[0].secret'],
    ['a secret of 65 bytes', [{ ...good, secret: secretOf(65) }], 'webhooks[0].secret'],
    ['a secret without its beginning', [{ ...good, secret: secret.slice(6) }], 'webhooks[0].secret'],
    ['a secret that is no base64', [{ ...good, secret: `${secret.slice(0, -4)}-_-_` }], 'webhooks[0].secret'],
    ['a secret with white space', [{ ...good, secret: `${secret}\n` }], 'webhooks[0].secret'],
    [
      'no events',
      [{ ...good, events: undefined }],
      'webhooks[0].events (argument) must be a list of one event or more',
    ],
    ['an empty list', [{ ...good, events: [] }], 'webhooks[0].events (argument) must be a list of one event or more'],
    ['a text of events', [{ ...good, events: 'login' }], 'webhooks[0].events'],
    [
      'an event that is none',
      [{ ...good, events: ['login', 'log_in'] }],
      'webhooks[0].events[1] (argument) must be one of register, login, ',
    ],
    ['an event of the language', [{ ...good, events: ['constructor'] }], 'webhooks[0].events[0]'],
    ['all events by a sign', [{ ...good, events: ['*'] }], 'webhooks[0].events[0]'],
  ])('%s', async (_, webhooks, expected) => {
    const message = await refusal(webhooks)
    expect(message).toContain(expected)
    expect(message).not.toMatch(/canary|whsec_\w/)
    expect(message).not.toContain(secret.slice(6))
  })

  it('everything at once', async () => {
    const bad = { url: 'ftp://hooks.example', secret: 'canary', events: ['a', 'login', 'b'] }
    expect((await refusal([good, bad])).split('\n').map((line) => line.split(' ')[0])).toEqual([
      ...['webhooks[1].url', 'webhooks[1].secret', 'webhooks[1].events[0]', 'webhooks[1].events[2]'],
    ])
  })
})
