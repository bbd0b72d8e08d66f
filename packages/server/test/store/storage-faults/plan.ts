/** Which faults are tried: all that there are, or as many as fit into a short time. */
import { createChoices } from '../kills/choices.js'
import { storeName } from '../test-store.js'
import type { Fault } from './calls.js'
import type { Operation } from './operation.js'
import { canStrikePostgres, postgresKinds } from './postgres-faults.js'
import { canStrikeSqlite, sqliteKinds } from './sqlite-faults.js'
import { type Clean, runCleanly } from './try-fault.js'
import type { Lane, World } from './world.js'

export interface Planned {
  readonly operation: Operation
  readonly clean: Clean
  readonly fault: Fault
}

export const kinds: readonly string[] = storeName === 'SQLite' ? sqliteKinds : postgresKinds
const canStrike = storeName === 'SQLite' ? canStrikeSqlite : canStrikePostgres
/** What only some calls can suffer. */
const isRare = (kind: string, call: string) =>
  kind === 'torn' || kind === 'unflushed' || (kind === 'lost' && call === 'begin immediate')
/** Of four runs with seeds that follow one another, one strikes a call. */
const oneOf = 4
/** Of the calls of a command, most of which open the store. */
const callsOfCommand = 3

export interface PlanOptions {
  readonly isComplete: boolean
  readonly seed: number
}

/** Runs each operation without a fault, to see which calls it makes. */
export async function planFaults(
  world: World,
  operations: readonly Operation[],
  { isComplete, seed }: PlanOptions,
): Promise<readonly Planned[]> {
  const [lane] = world.lanes
  if (lane === undefined) throw new Error('there is no server to try it on')
  const planned: Planned[] = []
  for (const operation of operations) {
    const clean =
      storeName === 'SQLite' ? await runTwice(operation, world, lane) : await runCleanly(operation, world, lane)
    planned.push(...faultsOf(clean.calls, operation, isComplete, seed).map((fault) => ({ operation, clean, fault })))
  }
  return planned
}

async function runTwice(operation: Operation, world: World, lane: Lane): Promise<Clean> {
  const [first, second] = [await runCleanly(operation, world, lane), await runCleanly(operation, world, lane)]
  // A flush may be shared with what the server writes by itself, and then is not counted.
  const { calls } = first.calls.length > second.calls.length ? first : second
  return { calls, changes: second.changes }
}

function faultsOf(calls: readonly string[], { name, done }: Operation, isComplete: boolean, seed: number): Fault[] {
  const choices = createChoices(seed, name)
  const isCommand = done === 0
  const chosen = new Set(Array.from({ length: callsOfCommand }, () => choices.between(0, calls.length - 1)))
  return [...calls.keys()].flatMap((index) => {
    const possible = kinds.filter((kind) => canStrike(kind, calls, index))
    const one = choices.oneOf(possible)
    const rare = possible.filter((kind) => !isCommand && isRare(kind, calls[index] as string))
    const isChosen = isCommand ? chosen.has(index) : index % oneOf === seed % oneOf
    const some = new Set(isChosen ? [one, ...rare] : rare)
    return (isComplete ? possible : [...some]).map((kind) => ({ kind, index }))
  })
}
