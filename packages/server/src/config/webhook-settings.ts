/** What the setting `webhooks` holds. */
import { type AuditEventName, auditEventNames } from './audit-event-names.js'
import { isLoopback } from './loopback.js'
import { isText, type SettingProblem } from './setting.js'

/** Where events are sent, and which. */
export interface WebhookSettings {
  /** An https URL, without user and password; http only to this machine. Whoever runs the server gives it, and no request does. */
  readonly url: string
  /** What messages are signed with: `whsec_` and the base64 of 24 to 64 bytes, as Standard Webhooks has it. */
  readonly secret: string
  /** At least one; docs/audit.md lists them. */
  readonly events: readonly AuditEventName[]
}

const mostWebhooks = 16
const names = ['url', 'secret', 'events']
const expected = {
  url: 'an https URL of at most 2048 characters without user, password and fragment; http only to this machine',
  secret: 'whsec_ and the base64 of 24 to 64 bytes',
}

/** What is wrong with a value of the setting, and where. It says what was expected, and nothing of what was given. */
export function webhookProblems(value: unknown): readonly SettingProblem[] {
  if (!Array.isArray(value) || value.length > mostWebhooks) {
    return [{ at: '', expected: `a list of at most ${mostWebhooks} objects of url, secret and events` }]
  }
  const urls = value.map((one) => (isUrl(one?.url) ? new URL(one.url).href : undefined))
  return value.flatMap((one, i) => [
    ...problemsOfOne(one).map((problem) => ({ ...problem, at: `[${i}]${problem.at}` })),
    ...(urls[i] !== undefined && urls.indexOf(urls[i]) < i
      ? [{ at: `[${i}].url`, expected: `another one than that of webhooks[${urls.indexOf(urls[i])}]` }]
      : []),
  ])
}

function problemsOfOne(value: unknown): readonly SettingProblem[] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject || Object.keys(value).some((name) => !names.includes(name))) {
    return [{ at: '', expected: 'an object of url, secret and events, and nothing else' }]
  }
  const { url, secret, events } = value as Record<string, unknown>
  return [
    ...(isUrl(url) ? [] : [{ at: '.url', expected: expected.url }]),
    ...(isSecret(secret) ? [] : [{ at: '.secret', expected: expected.secret }]),
    ...problemsOfEvents(events),
  ]
}

function problemsOfEvents(events: unknown): readonly SettingProblem[] {
  if (!Array.isArray(events) || events.length === 0) {
    return [{ at: '.events', expected: 'a list of one event or more' }]
  }
  return events.flatMap((event, i) =>
    auditEventNames.some((name) => name === event)
      ? []
      : [{ at: `.events[${i}]`, expected: `one of ${auditEventNames.join(', ')}` }],
  )
}

function isUrl(value: unknown): value is string {
  if (!isText(value) || value.length > 2048 || !/^https?:\/\/[\x21\x22\x24-\x7e]+$/.test(value)) return false
  if (!URL.canParse(value)) return false
  const { protocol, hostname, username, password } = new URL(value)
  return username === '' && password === '' && (protocol === 'https:' || isLoopback(hostname))
}

function isSecret(value: unknown): value is string {
  if (!isText(value) || !value.startsWith('whsec_')) return false
  const text = value.slice('whsec_'.length)
  const bytes = Buffer.from(text, 'base64')
  // Buffer passes over what is no base64.
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === text
}

/** A copy that nobody changes. */
export function copyWebhooks(given: readonly WebhookSettings[] = []): readonly WebhookSettings[] {
  return Object.freeze(given.map((one) => Object.freeze({ ...one, events: Object.freeze([...one.events]) })))
}
