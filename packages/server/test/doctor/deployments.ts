/** Deployments to be looked at by `latchkey doctor`, each in a folder of its own. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { Finding } from '../../src/doctor/finding.js'
import { runCommand, startNode } from '../server.js'
import { createTestDatabase, type TestDatabase } from '../store/test-store.js'

export interface Deployment {
  readonly folder: string
  readonly database: TestDatabase
  /** The findings of the doctor, by their checks; also whether its exit code says so. */
  examine(environment?: Record<string, string>, ...words: string[]): Promise<Examined>
}

export interface Examined {
  readonly levels: Readonly<Record<string, Finding['level']>>
  /** Each with its advice. */
  readonly texts: Readonly<Record<string, string>>
}

/** Makes folders below `root`. */
export function deploymentsIn(root: string) {
  let count = 0
  /** A deployment that was served once, unless `served` is false. */
  return async function deploy({ served = true } = {}): Promise<Deployment> {
    const folder = join(root, String(++count))
    mkdirSync(folder)
    const database = await createTestDatabase(folder)
    if (served) await (await startNode(database)).close()
    async function examine(environment: Record<string, string> = {}, ...words: string[]): Promise<Examined> {
      const all = { ...database.environment, ...environment }
      const { code, out, error } = await runCommand(folder, ['doctor', '--json', ...words], '', all)
      const { healthy, findings } = JSON.parse(out) as { healthy: boolean; findings: Finding[] }
      const faults = findings.filter(({ level }) => level === 'fault')
      expect([code, healthy, error === '']).toEqual(faults.length > 0 ? [1, false, false] : [0, true, true])
      for (const { level, advice } of findings) expect([level, advice !== undefined]).toEqual([level, level !== 'ok'])
      return {
        levels: Object.fromEntries(findings.map(({ check, level }) => [check, level])),
        texts: Object.fromEntries(findings.map(({ check, found, advice = '' }) => [check, `${found} ${advice}`])),
      }
    }
    return { folder, database, examine }
  }
}

/** Writes `latchkey.config.json` into the deployment's folder. */
export function configure({ folder }: Deployment, config: object): void {
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify(config))
}

/** Serves the deployment on a free port until the test ends; its URL. */
export async function serveIt({ database }: Deployment, isStopping = false): Promise<string> {
  const node = await startNode(database, {}, { lifecycle: { isStopping: () => isStopping, readinessAsked() {} } })
  onTestFinished(() => node.close())
  return node.url
}
