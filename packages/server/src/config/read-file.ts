import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigurationError } from './configuration-error.js'

const names = ['latchkey.config.js', 'latchkey.config.json', 'latchkey.config.ts']

export interface ConfigurationFile {
  readonly name: string
  readonly value: unknown
}

/**
 * The name of the configuration file in the folder; undefined when there is none.
 * @throws ConfigurationError when there are several.
 */
export function findConfigurationFile(folder: string): string | undefined {
  const found = names.filter((name) => existsSync(join(folder, name)))
  if (found.length > 1) throw new ConfigurationError(`There are ${found.join(' and ')}; keep one of them`)
  return found[0]
}

/**
 * Reads `latchkey.config.js` (its default export) or `latchkey.config.json` in the folder, or `latchkey.config.ts` where Node
 * strips types itself; undefined when there is none.
 * @throws ConfigurationError when there are several, or the file cannot be read.
 */
export async function readConfigurationFile(folder: string): Promise<ConfigurationFile | undefined> {
  const name = findConfigurationFile(folder)
  if (name === undefined) return undefined
  if (name.endsWith('.ts') && !(process.features as { typescript?: unknown }).typescript) {
    throw new ConfigurationError(
      `${name} needs a Node that strips types, 22.18 or newer; write latchkey.config.js instead`,
    )
  }
  return { name, value: await readOne(join(folder, name), name) }
}

async function readOne(path: string, name: string): Promise<unknown> {
  try {
    if (name.endsWith('.json')) return JSON.parse(readFileSync(path, 'utf8'))
    const module: { default?: unknown } = await import(pathToFileURL(path).href)
    return module.default
  } catch (cause) {
    // The cause of a JSON error quotes the text, which may hold the secret.
    const reason = name.endsWith('.json') ? 'must be valid JSON' : `cannot be loaded: ${(cause as Error)?.message}`
    throw new ConfigurationError(`${name} ${reason}`)
  }
}
