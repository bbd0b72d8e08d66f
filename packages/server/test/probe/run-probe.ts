/** Runs `latchkey probe` as the command line does, and reads what it found. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProbeReport } from '../../src/probe/report.js'
import { type CommandResult, runCommand } from '../server.js'

export interface ProbeRun extends CommandResult {
  readonly report: ProbeReport
}

/** `document` is the OpenAPI file, as an object or as its address. */
export async function runProbe(
  folder: string,
  url: string,
  document: object | string,
  token: string,
  ...words: string[]
): Promise<ProbeRun> {
  const openapi = typeof document === 'string' ? document : 'openapi.json'
  if (typeof document !== 'string') writeFileSync(join(folder, openapi), JSON.stringify(document))
  const all = ['probe', url, '--openapi', openapi, '--token', token, '--json', ...words]
  const result = await runCommand(folder, all, '', {})
  return { ...result, report: result.out === '' ? undefined : JSON.parse(result.out) }
}

/** `GET /orders: none open` for each group of an operation that did not hold; groups that were not tried are left out. */
export function notHeld({ operations }: ProbeReport): string[] {
  return operations.flatMap(({ operation, groups }) =>
    groups
      .filter(({ outcome }) => outcome !== 'held' && outcome !== 'skipped')
      .map(({ group, outcome }) => `${operation}: ${group} ${outcome}`),
  )
}

/** `GET /orders: reason` */
export function unproved({ operations }: ProbeReport): string[] {
  return operations.flatMap(({ operation, unproved: why }) => (why === undefined ? [] : [`${operation}: ${why}`]))
}

/** The groups that were tried at every operation. */
export function triedGroups({ operations }: ProbeReport): string[] {
  const [first] = operations
  return (first?.groups ?? [])
    .map(({ group }) => group)
    .filter((name) =>
      operations.every(({ groups }) => groups.some((each) => each.group === name && each.attempts.length > 0)),
    )
}

/** An OpenAPI file: for each operation its scopes, or `open`. */
export function describeApi(operations: Readonly<Record<string, readonly string[] | 'open'>>): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const [name, scopes] of Object.entries(operations)) {
    const [method, path] = name.split(' ') as [string, string]
    const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => ({
      ...{ name: parameter, in: 'path', required: true, schema: { type: 'string' } },
    }))
    const security = scopes === 'open' ? [] : [{ bearer: scopes }]
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: { parameters, security, responses: { 200: { description: '' } } },
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'An API', version: '1' },
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  }
}
