import type { Roles } from 'latchkey'
import type { Algorithm } from 'latchkey/token'
import { ConfigurationError } from './configuration-error.js'
import { type LimitSettings, withDefaultLimits } from './limit-settings.js'
import { type Environment, readEnvironment } from './read-environment.js'
import { readConfigurationFile } from './read-file.js'
import { problemsOf } from './read-object.js'
import { withBuiltInRoles } from './roles.js'
import type { LatchkeyConfig, LogLevel } from './settings.js'
import { copyWebhooks, type WebhookSettings } from './webhook-settings.js'

/** A configuration that was checked: every setting has its value. */
export interface ReadyConfig {
  readonly port: number
  readonly host: string
  /** Undefined: SQLite. */
  readonly databaseUrl: string | undefined
  readonly dataFolder: string
  /** Undefined: a file in the data folder. */
  readonly secret: string | undefined
  readonly issuer: string
  /** Whether it was said, and is not the default. */
  readonly issuerGiven: boolean
  readonly audiences: readonly string[]
  readonly accessTtlSeconds: number
  /** With the built-in ones. */
  readonly roles: Roles
  /** Whether roles were given: then guards take the scopes that these list, and no others. */
  readonly rolesGiven: boolean
  readonly algorithm: Algorithm
  readonly keyLeadSeconds: number
  readonly trustedProxies: number
  readonly corsOrigins: readonly string[]
  /** Undefined: no metrics. */
  readonly metricsPort: number | undefined
  readonly logLevel: LogLevel
  readonly feedAccess: 'public' | 'key'
  readonly auditRetentionDays: number
  /** Undefined: no list. */
  readonly breachedPasswordsFile: string | undefined
  readonly registration: boolean
  readonly limits: LimitSettings
  readonly webhooks: readonly WebhookSettings[]
  /** Undefined: the store's own. */
  readonly clock: (() => number) | undefined
}

export interface ConfigSources {
  /** Beats the environment, which beats the file. */
  readonly argument?: LatchkeyConfig
  readonly environment?: Environment
  /** Where the file is looked for. */
  readonly folder?: string
}

/**
 * Reads the configuration from the argument, the environment, the file and the defaults, in this order.
 * @throws ConfigurationError naming everything that is wrong.
 */
export async function readConfig(sources: ConfigSources = {}): Promise<ReadyConfig> {
  const { argument = {}, environment = process.env, folder = process.cwd() } = sources
  const file = await readConfigurationFile(folder)
  const fromEnvironment = readEnvironment(environment)
  const problems = [
    ...problemsOf(argument, 'argument'),
    ...fromEnvironment.problems,
    ...(file === undefined ? [] : problemsOf(file.value, file.name)),
  ]
  if (problems.length > 0) throw new ConfigurationError(problems.join('\n'))
  const given: LatchkeyConfig = {
    ...(file?.value as LatchkeyConfig | undefined),
    ...(fromEnvironment.values as LatchkeyConfig),
    ...withoutUndefined(argument),
  }
  const { port = 4000, roles } = given
  // Whoever names a folder in code means SQLite, whatever database the application itself has in its environment.
  const databaseUrl = argument.dataFolder !== undefined && !argument.databaseUrl ? undefined : given.databaseUrl
  // Machines that share a database must agree on a name, and their own is not it.
  if (databaseUrl !== undefined && given.issuer === undefined) {
    throw new ConfigurationError('issuer (LATCHKEY_ISSUER) must be given with databaseUrl: the URL that clients know')
  }
  return Object.freeze({
    port,
    host: given.host ?? '127.0.0.1',
    databaseUrl,
    dataFolder: given.dataFolder ?? './data',
    secret: given.secret,
    issuer: given.issuer ?? `http://localhost:${port}`,
    issuerGiven: given.issuer !== undefined,
    audiences: Object.freeze([...(given.audiences ?? [])]),
    accessTtlSeconds: given.accessTtlSeconds ?? (environment.NODE_ENV === 'development' ? 30 * 24 * 3600 : 2 * 3600),
    roles: withBuiltInRoles(roles),
    rolesGiven: roles !== undefined,
    algorithm: given.algorithm ?? 'EdDSA',
    keyLeadSeconds: given.keyLeadSeconds ?? 600,
    trustedProxies: given.trustedProxies ?? 0,
    corsOrigins: Object.freeze([...(given.corsOrigins ?? [])]),
    metricsPort: given.metricsPort,
    logLevel: given.logLevel ?? 'info',
    feedAccess: given.feedAccess ?? 'public',
    auditRetentionDays: given.auditRetentionDays ?? 400,
    breachedPasswordsFile: given.breachedPasswordsFile,
    registration: given.registration ?? true,
    limits: withDefaultLimits(given.limits),
    webhooks: copyWebhooks(given.webhooks),
    clock: given.clock,
  })
}

function withoutUndefined(config: LatchkeyConfig): LatchkeyConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
}
