/** Every check of `latchkey doctor`, in the order in which it prints them. */
import { existsSync } from 'node:fs'
import type { Environment } from '../config/read-environment.js'
import type { ReadyConfig } from '../config.js'
import { openStore } from '../store/open-store.js'
import { StartError } from '../store/start-error.js'
import type { Store } from '../store/store.js'
import { checkClockOffset, checkMachineClock } from './clock.js'
import { checkCopy, checkFileSystem, checkModes } from './data-folder.js'
import { checkHorizon } from './feed.js'
import { checkBreachedPasswords, checkConfigurationFile } from './files.js'
import { type Finding, fault, noStart } from './finding.js'
import { checkFromOutside } from './from-outside.js'
import { checkIssuer, checkProxy } from './issuer.js'
import { checkKeys } from './keys.js'
import { checkLimits } from './limits.js'
import { checkMetricsPort } from './metrics-port.js'
import { checkDatabaseTls, checkPostgres } from './postgres.js'
import { checkSecret } from './secret.js'
import { checkDevelopment, checkFeedAccess, checkRegistration } from './settings.js'
import { checkSqlite } from './sqlite.js'

export interface Deployment {
  readonly config: ReadyConfig
  readonly environment: Environment
  /** Where the configuration file is. */
  readonly folder: string
  /** Where clients reach the running server; undefined: it is not asked. */
  readonly url?: string | undefined
}

/**
 * Looks at a deployment from the inside, and with `url` from the outside. Migrates nothing, makes nothing and tries no
 * credential; as each start does, it gives the SQLite file the mode 0600.
 */
export async function examine({ config, environment, folder, url }: Deployment): Promise<readonly Finding[]> {
  return [
    checkMachineClock(Date.now()),
    checkSecret(config),
    ...checkConfigurationFile(folder, config),
    // Before the database is opened, which sets the mode of its file.
    ...checkPlace(config, environment),
    ...(await checkDatabase(config)),
    checkIssuer(config),
    checkProxy(config),
    checkDevelopment(config, environment),
    checkRegistration(config),
    checkFeedAccess(config),
    checkLimits(config.limits),
    ...(await checkBreachedPasswords(config)),
    await checkMetricsPort(config.metricsPort),
    ...(url === undefined ? [] : await checkFromOutside(url)),
  ]
}

function checkPlace({ databaseUrl, dataFolder, secret }: ReadyConfig, environment: Environment): readonly Finding[] {
  if (databaseUrl !== undefined) return [checkDatabaseTls(databaseUrl, environment)]
  if (!existsSync(dataFolder)) return []
  return [...checkModes(dataFolder), checkCopy(dataFolder, secret !== undefined), ...checkFileSystem(dataFolder)]
}

async function checkDatabase(config: ReadyConfig): Promise<readonly Finding[]> {
  const { databaseUrl, dataFolder, clock } = config
  let store: Store | undefined
  try {
    store = await openStore({ databaseUrl, dataFolder, clock, mustExist: true, migrates: false })
    if (databaseUrl === undefined) return [...(await checkSqlite(store)), ...(await checkKeys(store, config))]
    const found = [...(await checkPostgres(store)), checkClockOffset(store), await checkHorizon(store)]
    return [...found, ...(await checkKeys(store, config))]
  } catch (error) {
    return [asFault(error)]
  } finally {
    await store?.close()
  }
}

/** A database that is there and not to be used is what was asked for, whatever the reason. */
function asFault(error: unknown): Finding {
  if (error instanceof StartError) return fault('database', error.message, noStart)
  const { code = 'no code', cause } = error as { code?: string; cause?: { code?: string } }
  return fault('database', `The database cannot be asked (${cause?.code ?? code}).`, 'Look at its log.')
}
