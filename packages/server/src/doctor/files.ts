/** The files that the configuration stands in, or names. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { openBreachedPasswords } from '../client-types/breached-passwords.js'
import { findConfigurationFile } from '../config/read-file.js'
import type { ReadyConfig } from '../config.js'
import { StartError } from '../store/start-error.js'
import { type Finding, fault, noStart, ok } from './finding.js'

const worldReads = 0o004

/** Looks whether every user of the machine may read a secret in the configuration file; on Windows, which has no modes, at nothing. */
export function checkConfigurationFile(folder: string, config: ReadyConfig): readonly Finding[] {
  const name = findConfigurationFile(folder)
  if (name === undefined || process.platform === 'win32') return []
  const path = join(folder, name)
  const text = readFileSync(path, 'utf8')
  const held = secretsOf(config).flatMap(([what, secret]) => (text.includes(secret) ? [what] : []))
  if (held.length === 0) return [ok('config file', `The file ${name} holds no secret.`)]
  const what = [...new Set(held)].join(', ')
  if ((statSync(path).mode & worldReads) === 0) {
    return [
      ok('config file', `The file ${name} holds secrets (${what}), and not every user of this machine may read it.`),
    ]
  }
  const found = `Every user of this machine may read the file ${name}, which holds secrets: ${what}.`
  return [fault('config file', found, `Run: chmod 600 ${path}; change the secrets if others had access.`)]
}

/** Each with the name of its setting. */
function secretsOf({ secret, databaseUrl, webhooks }: ReadyConfig): readonly (readonly [string, string])[] {
  const password = databaseUrl === undefined ? '' : new URL(databaseUrl).password
  const all = [
    ...(secret ?? '').split(',').map((one) => ['secret', one] as const),
    ['databaseUrl', password] as const,
    ...webhooks.map((webhook) => ['webhooks', webhook.secret] as const),
  ]
  return all.filter(([, text]) => text !== '')
}

/** Opens the list of breached passwords as the server does. */
export async function checkBreachedPasswords({ breachedPasswordsFile }: ReadyConfig): Promise<readonly Finding[]> {
  if (breachedPasswordsFile === undefined) return []
  try {
    await openBreachedPasswords(breachedPasswordsFile)
    return [ok('breached', `The list of breached passwords ${breachedPasswordsFile} can be used.`)]
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    return [fault('breached', error.message, noStart)]
  }
}
