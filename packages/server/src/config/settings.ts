/** Every setting there is. Whoever adds one gives it a type, a default, a unit if it has one, a sentence and a test. */
import type { Roles } from 'latchkey'
import type { Algorithm } from 'latchkey/token'
import { isLimits, type LimitSettings } from './limit-settings.js'
import { isIntegerFrom, isText, numberFrom, type Setting } from './setting.js'
import { type WebhookSettings, webhookProblems } from './webhook-settings.js'

export interface LatchkeyConfig<Scope extends string = string> {
  /** The port that `latchkey serve` listens on, and the one in the default issuer. Default 4000. */
  readonly port?: number | undefined
  /** The address that `latchkey serve` listens on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** A PostgreSQL database, `postgres://USER:PASSWORD@HOST:PORT/NAME`. Default: SQLite in `dataFolder`. */
  readonly databaseUrl?: string | undefined
  /** The folder of the SQLite file and of the secret, made when it is missing. Default `./data`. */
  readonly dataFolder?: string | undefined
  /** Wraps the signing keys in the database; 32 bytes or more, or `new,old`. Default: a file made in the data folder. */
  readonly secret?: string | undefined
  /** The `iss` of every token. Default `http://localhost:PORT`. */
  readonly issuer?: string | undefined
  /** What tokens are for beside the server itself: the `aud` that other services expect. Default none. */
  readonly audiences?: readonly string[] | undefined
  /** From issue to expiry. Default 7,200 (2 hours), with NODE_ENV=development 2,592,000 (30 days). */
  readonly accessTtlSeconds?: number | undefined
  /** Roles from `defineRoles`; `user` and `admin` are added unless they are among them. */
  readonly roles?: Roles<Scope> | undefined
  /** What new signing keys sign with; keys that exist keep theirs. Default `EdDSA`. */
  readonly algorithm?: Algorithm | undefined
  /** How long a key is published before it signs, and twice as long as copies of the key set may be kept. Default 600. */
  readonly keyLeadSeconds?: number | undefined
  /**
   * How many proxies in front of the server add the address they were asked from to X-Forwarded-For; 0 to 10, default 0: no
   * header that a client could write counts.
   */
  readonly trustedProxies?: number | undefined
  /** Origins of pages that may call the API, as `https://app.example`. Default none but its own. */
  readonly corsOrigins?: readonly string[] | undefined
  /** Where Prometheus finds /metrics, on 127.0.0.1 alone. Default: nowhere. */
  readonly metricsPort?: number | undefined
  /** The least that `latchkey serve` writes into its log. Default `info`. */
  readonly logLevel?: LogLevel | undefined
  /** Who may read the feed of revocations: `public`, or `key`: an API key with `revocation:read`. Default `public`. */
  readonly feedAccess?: 'public' | 'key' | undefined
  /** How long rows of the audit log are kept. Default 400. */
  readonly auditRetentionDays?: number | undefined
  /** A list of breached passwords that nobody may choose, as Have I Been Pwned's downloader writes it. Default none. */
  readonly breachedPasswordsFile?: string | undefined
  /** Whether anybody may register. Default true. */
  readonly registration?: boolean | undefined
  /** How often secrets may be tried, and users registered; what is not said keeps its default, and 0 is no limit. */
  readonly limits?: Partial<LimitSettings> | undefined
  /** Where chosen events of the audit log are sent; at most 16. Default none. */
  readonly webhooks?: readonly WebhookSettings[] | undefined
  /** Milliseconds since the epoch. Default the clock of the database, which with SQLite is `Date.now`. */
  readonly clock?: (() => number) | undefined
}

export type SettingName = keyof LatchkeyConfig

const logLevels = ['info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

const algorithms = ['EdDSA', 'ES256', 'HS256', 'HS384', 'HS512'] satisfies Algorithm[]
const maxTtlSeconds = 30 * 24 * 3600

export const settings: Readonly<Record<SettingName, Setting>> = Object.freeze({
  port: {
    environment: 'PORT',
    type: 'integer',
    default: '`4000`',
    expected: 'a whole number from 1 to 65535',
    sentence: 'The port that `latchkey serve` listens on, and the one in the default issuer.',
    isValid: isIntegerFrom(1, 65_535),
    fromText: numberFrom,
  },
  host: {
    environment: 'HOST',
    type: 'text',
    default: '`127.0.0.1`',
    expected: 'a host name or an IP address',
    sentence: 'The address that `latchkey serve` listens on; `0.0.0.0` is every IPv4 address of the machine.',
    isValid: (value) => isText(value) && /^[A-Za-z0-9._:-]{1,253}$/.test(value),
  },
  databaseUrl: {
    environment: 'DATABASE_URL',
    type: 'text',
    default: 'SQLite in the data folder',
    expected: 'a postgres:// or postgresql:// URL',
    sentence:
      'The PostgreSQL database to store in, version 13 or newer; `secret` and `issuer` must be given with it. A `dataFolder` in the argument alone means SQLite all the same.',
    isValid: isDatabaseUrl,
  },
  dataFolder: {
    environment: 'LATCHKEY_DATA',
    type: 'text',
    default: '`./data`',
    expected: 'the path of a folder',
    sentence: 'The folder of the SQLite file and of the secret; made, for its owner alone, when it is missing.',
    isValid: (value) => isText(value) && !value.includes('\0'),
  },
  secret: {
    environment: 'LATCHKEY_SECRET',
    type: 'text',
    unit: '32 bytes or more',
    default: 'the file `secret` in the data folder, made at the first start; with a `databaseUrl` there is none',
    expected: 'a text of 32 bytes or more, or two of them with a comma between',
    sentence: 'Wraps the signing keys in the database; `new,old` while it is changed.',
    isValid: (value) => isText(value) && value.split(',').every((one) => Buffer.byteLength(one) >= 32),
  },
  issuer: {
    environment: 'LATCHKEY_ISSUER',
    type: 'text',
    default: '`http://localhost:PORT`; with a `databaseUrl` there is none',
    expected: 'an http or https URL without query, fragment or password',
    sentence: 'The `iss` of every token, never taken from a request; behind a proxy it must be given.',
    isValid: isIssuer,
  },
  audiences: {
    environment: 'LATCHKEY_AUDIENCES',
    type: 'list of texts; in the environment with spaces between',
    default: 'none',
    expected: 'a list of at most 32 texts without white space, 256 characters each at most',
    sentence: 'What tokens are for beside the server itself: the `aud` that other services expect.',
    isValid: isAudiences,
    fromText: (text) => text.split(/ +/).filter((one) => one !== ''),
  },
  accessTtlSeconds: {
    type: 'integer',
    unit: 'seconds',
    default: '`7200` (2 hours); `2592000` (30 days) with `NODE_ENV=development`',
    expected: 'a whole number from 1 to 2592000',
    sentence: 'How long an access token lives, from its issue to its expiry.',
    isValid: isIntegerFrom(1, maxTtlSeconds),
  },
  roles: {
    type: 'what `defineRoles` makes; not in a JSON file',
    default: '`user` and `admin` alone',
    expected: 'what defineRoles makes',
    sentence: 'The roles of this deployment; `user` and `admin` are added unless they are among them.',
    isValid: isRoles,
  },
  algorithm: {
    type: algorithms.map((name) => `\`${name}\``).join(', '),
    default: '`EdDSA`',
    expected: `one of ${algorithms.join(', ')}`,
    sentence:
      'What new signing keys sign with; keys that exist keep theirs. Only key pairs (the first two) are published.',
    isValid: (value) => algorithms.some((name) => name === value),
  },
  keyLeadSeconds: {
    type: 'integer',
    unit: 'seconds',
    default: '`600`',
    expected: 'a whole number from 10 to 3600',
    sentence:
      'How long a signing key is published before it signs; `latchkey key rotate` refuses before, unless `--now`. Caches may keep the key set for half of it, and a server that has not read the keys for half of it issues nothing.',
    isValid: isIntegerFrom(10, 3600),
  },
  trustedProxies: {
    environment: 'LATCHKEY_TRUSTED_PROXIES',
    type: 'integer',
    default: '`0`',
    expected: 'a whole number from 0 to 10',
    sentence:
      'How many proxies in front of the server each add the address they were asked from to `X-Forwarded-For`: limits and session lists then count the client, not the proxy. No header counts with 0, and no other header with more.',
    isValid: isIntegerFrom(0, 10),
    fromText: numberFrom,
  },
  corsOrigins: {
    environment: 'LATCHKEY_CORS_ORIGINS',
    type: 'list of texts; in the environment with spaces between',
    default: 'none: pages of its own origin alone',
    expected: 'a list of at most 32 origins as browsers write them, such as https://app.example',
    sentence: 'The origins of pages that may call the API (CORS), each as it is; there is no pattern for many.',
    isValid: (value) => Array.isArray(value) && value.length <= 32 && value.every(isOrigin),
    fromText: (text) => text.split(/ +/).filter((one) => one !== ''),
  },
  metricsPort: {
    environment: 'LATCHKEY_METRICS_PORT',
    type: 'integer',
    default: 'none: no metrics',
    expected: 'a whole number from 1 to 65535',
    sentence: 'Where Prometheus finds `/metrics`, on 127.0.0.1 alone.',
    isValid: isIntegerFrom(1, 65_535),
    fromText: numberFrom,
  },
  logLevel: {
    type: logLevels.map((name) => `\`${name}\``).join(', '),
    default: '`info`: each request, too',
    expected: `one of ${logLevels.join(', ')}`,
    sentence: 'The least that `latchkey serve` writes into its log, JSON lines on standard output.',
    isValid: (value) => logLevels.some((name) => name === value),
  },
  feedAccess: {
    type: '`public`, `key`',
    default: '`public`',
    expected: 'public or key',
    sentence:
      'Who may read the feed of revocations, which holds no names: everybody, or who has an API key or token with the scope `revocation:read` (`createAuth({ server, apiKey })`).',
    isValid: (value) => value === 'public' || value === 'key',
  },
  auditRetentionDays: {
    type: 'integer',
    unit: 'days',
    default: '`400`',
    expected: 'a whole number from 1 to 36500',
    sentence:
      'How long rows of the audit log are kept once they are sealed. What is older is removed from the oldest on, and the rest can be verified still.',
    isValid: isIntegerFrom(1, 36_500),
  },
  breachedPasswordsFile: {
    type: 'text',
    default: 'none',
    expected: 'the path of a file',
    sentence:
      'A list of breached passwords that nobody may choose: SHA-1 hashes in their order, as [passwords](passwords.md) tells. The file is not loaded, and may have 40 GB.',
    isValid: (value) => isText(value) && !value.includes('\0'),
  },
  registration: {
    type: 'boolean',
    default: '`true`',
    expected: 'true or false',
    sentence: 'Whether anybody may register; when off, the route does not exist and `latchkey user add` makes users.',
    isValid: (value) => typeof value === 'boolean',
  },
  limits: {
    type: 'object of integers: `perAccountAndPrefix`, `perPrefix`, `perAccount`, `registrationsPerPrefix`',
    default: '`10`, `100`, `100` in 10 minutes, and `60` in a minute',
    expected:
      'an object of perAccountAndPrefix, perPrefix, perAccount and registrationsPerPrefix, whole numbers from 0 to 1000000',
    sentence:
      'How many wrong secrets may be tried, and users registered, as [limits](limits.md) tells; what is not said keeps its default, and 0 is no limit.',
    isValid: isLimits,
  },
  webhooks: {
    type: 'list of objects: `url`, `secret`, `events`',
    default: 'none',
    expected: 'a list of at most 16 objects of url, secret and events',
    sentence:
      'Where chosen events of the [audit log](audit.md) are sent, as [webhooks](webhooks.md) tells. `secret` is `whsec_` and the base64 of 24 to 64 bytes; `url` is an https URL, or http to this machine.',
    isValid: (value) => webhookProblems(value).length === 0,
    problemsOf: webhookProblems,
  },
  clock: {
    type: 'function; not in a JSON file',
    unit: 'milliseconds since the epoch',
    default: 'the clock of the database, which with SQLite is `Date.now`',
    expected: 'a function',
    sentence: 'The time that tokens and rows are written and compared with; for tests.',
    isValid: (value) => typeof value === 'function',
  },
})

/** Settings of the plan that this version cannot follow: silence about them would be a lie. */
export const notYet: Readonly<Record<string, string>> = Object.freeze({
  pages: 'is not supported by this version, which has no pages',
})

function isIssuer(value: unknown): boolean {
  if (!isText(value) || !/^https?:\/\/[\x21\x22\x24-\x3e\x41-\x7e]+$/.test(value) || value.length > 256) return false
  return URL.canParse(value)
}

function isOrigin(value: unknown): boolean {
  if (!isText(value) || !/^https?:[^*]+$/.test(value) || !URL.canParse(value)) return false
  return new URL(value).origin === value
}

function isDatabaseUrl(value: unknown): boolean {
  return isText(value) && /^postgres(?:ql)?:\/\//.test(value) && URL.canParse(value)
}

function isAudiences(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= 32 &&
    value.every((one) => isText(one) && /^[^\s\p{Cc}\p{Cs}]{1,256}$/u.test(one))
  )
}

function isRoles(value: unknown): boolean {
  const { scopes, names, has, grant } = (value ?? {}) as Partial<Roles>
  return Array.isArray(scopes) && Array.isArray(names) && typeof has === 'function' && typeof grant === 'function'
}
