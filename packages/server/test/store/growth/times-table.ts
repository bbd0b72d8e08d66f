import { cpus } from 'node:os'
import process from 'node:process'
import type { GrowthDatabase } from './growth-database.js'
import { median, quantile, table } from './timings.js'

export interface TimedDatabase {
  readonly sessions: number
  readonly database: GrowthDatabase
  /** Milliseconds, by name of the operation. */
  readonly times: Readonly<Record<string, readonly number[]>>
}

export const grouped = (number: number) => number.toLocaleString('en')

/** Medians and their ratios to those of the first database, with what they were measured on. */
export async function timesTable(databases: readonly TimedDatabase[], rounds: number, seed: number): Promise<string> {
  const sized = []
  let version = ''
  for (const { database, sessions } of databases) {
    const filling = await database.openFilling()
    sized.push(`${grouped(sessions)} sessions ${Math.ceil((await filling.sizeBytes()) / 1e6)} MB`)
    version = await filling.version()
    await filling.close()
  }
  const [first, ...others] = databases as [TimedDatabase, ...TimedDatabase[]]
  const rows = Object.keys(first.times).map((name) => {
    const of = ({ times }: TimedDatabase) => times[name] as readonly number[]
    const cell = (values: readonly number[]) => `${median(values).toFixed(2)} (${quantile(values, 0.95).toFixed(2)})`
    const ratio = (values: readonly number[]) => (median(values) / median(of(first))).toFixed(2)
    return [name, cell(of(first)), ...others.flatMap((one) => [cell(of(one)), ratio(of(one))])]
  })
  const heads = ['', grouped(first.sessions), ...others.flatMap(({ sessions }) => [grouped(sessions), 'ratio'])]
  return [
    `${cpus()[0]?.model} x ${cpus().length}, Node ${process.version}, ${version}, seed ${seed}; ${sized.join(', ')}`,
    `median (p95) in ms of ${rounds} requests each, in turns; the ratio is of medians, to ${grouped(first.sessions)}`,
    table([heads, ...rows]),
  ].join('\n')
}
