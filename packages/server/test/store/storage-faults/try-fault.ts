/** One operation with one fault, on rows of its own: what is answered, what is stored, and what becomes of both afterwards. */
import { parseRefreshToken } from '../../../src/sessions/refresh-token.js'
import { postJson } from '../../server.js'
import { until } from '../../until.js'
import { Calls, type Fault } from './calls.js'
import type { Operation, Outcome } from './operation.js'
import { claimsOf, kidOf, workingRefreshTokens } from './people.js'
import { changesBetween, type Row } from './state.js'
import type { Lane, World } from './world.js'

/** What an operation does where nothing fails. */
export interface Clean {
  /** The calls to the storage that it makes, by their text. */
  readonly calls: readonly string[]
  /** What it changes, in words. */
  readonly changes: readonly string[]
}

export interface Tried {
  /** The call that was struck; undefined when the operation made too few. */
  readonly struck: string | undefined
  readonly status: number
  readonly stored: Stored
  /** Broken promises, in words. */
  readonly violations: readonly string[]
  /** Access tokens, and whether they are refused from now on, whoever is asked. */
  readonly tokens: ReadonlyMap<string, boolean>
}

type Stored = 'all' | 'nothing' | 'half'
type Violate = (what: string) => void

/** What nobody can expect: here alone 500 is the right answer. */
const unknownKinds: ReadonlySet<string> = new Set(['unknown', 'corrupt'])
/** Until all who follow have heard of a change: a second, and what a busy machine adds. */
export const hearsWithinMs = 5_000

/** @throws when it is not done, or changes nothing, or the audit log does not tell of it as it should. */
export async function runCleanly(operation: Operation, world: World, lane: Lane): Promise<Clean> {
  const { name, done, event } = operation
  const it = await operation.prepare(world)
  const before = await world.reader.read(it.scope)
  const calls = new Calls()
  const outcome = await it.send(lane, calls)
  calls.isOver = true
  if (outcome.status !== done) throw new Error(`${name} is answered ${outcome.status}: ${outcome.text}`)
  const changes = changesBetween(before, await world.reader.read(it.scope))
  const events = changes.flatMap((change) => /^new in audit_events: event (\w+)/.exec(change)?.[1] ?? [])
  if (changes.length === 0 || events.join() !== (event ?? '')) throw new Error(`${name} changes ${changes.join('; ')}`)
  const broken = (await it.broken?.()) ?? []
  if (broken.length > 0) throw new Error(`${name}: ${broken.join('; ')}`)
  return { calls: calls.texts, changes }
}

export async function tryFault(
  operation: Operation,
  clean: Clean,
  fault: Fault,
  world: World,
  lane: Lane,
): Promise<Tried> {
  const { done, repeats = false } = operation
  const violations: string[] = []
  const violate: Violate = (what) => void violations.push(what)
  const it = await operation.prepare(world)
  const before = await world.reader.read(it.scope)
  // Where two requests were carried out, both may be told of.
  const textOf = (changes: readonly string[]) => (hasty === undefined ? changes : [...new Set(changes)]).join('\n')
  async function readStored(): Promise<Stored> {
    const changes = changesBetween(before, await world.reader.read(it.scope))
    if (changes.length === 0) return 'nothing'
    if (textOf(changes) === textOf(clean.changes)) return 'all'
    violate(`half done: ${changes.join('; ')}; in place of ${clean.changes.join('; ')}`)
    return 'half'
  }

  const calls = new Calls(fault)
  const outcome = await it.send(lane, calls)
  if (fault.kind === 'unflushed' && calls.struck !== undefined) {
    await checkTokens(it.tokens, world, lane, violate)
    // While nothing reaches the disk nobody is told that it does, not even who asks once more.
    const more = repeats ? outcome : await it.send(lane, new Calls({ kind: fault.kind, index: 0 }))
    const isSaid = ({ status }: Outcome) => status === done || (status < 300 && status !== 1)
    for (const each of [outcome, more]) if (isSaid(each)) violate('acknowledged, and not on disk')
  }
  calls.isOver = true
  // Who asks once more at once may come before what arrives late.
  const isHasty = fault.kind === 'late' && !repeats && done === operation.again
  const hasty = isHasty ? await it.send(lane) : undefined
  if (hasty !== undefined && hasty.status !== done) violate(`asked again at once: ${hasty.status} ${hasty.code}`)
  await lane.heal()
  const stored = await readStored()
  const isDone = outcome.status === done
  if (!isDone) judgeRefusal(outcome, fault, violate)
  else if (stored !== 'all') violate(`answered ${outcome.status}, and stored: ${stored}`)
  if (isDone && it.answer !== undefined && outcome.text !== it.answer) violate('another answer than the stored one')
  await checkTokens([...it.tokens, ...tokensOf(outcome, done)], world, lane, violate)

  // Healed: the same request is answered as if there had been no fault.
  const again = await it.send(lane)
  const wanted = stored === 'nothing' ? done : operation.again
  if (again.status !== wanted) violate(`asked again: ${again.status} ${again.code}, in place of ${wanted}`)
  const isOnce = stored === 'nothing' || !repeats
  if (isOnce && (await readStored()) !== 'all') violate('asked again, it is not done once')
  const tokens = [...it.tokens, ...tokensOf(outcome, done), ...tokensOf(again, done)]
  const decided = await checkTokens(tokens, world, lane, violate)
  const answers = [outcome, hasty ?? outcome, again].filter(({ status }) => status === done)
  const refreshTokens = answers.flatMap(({ json }) => json?.refresh_token ?? [])
  if (isOnce && new Set(refreshTokens).size > 1) violate('two answers to one refresh token')
  for (const refreshToken of new Set<string>(refreshTokens)) await checkRefresh(refreshToken, world, violate)
  for (const what of (await it.broken?.()) ?? []) violate(what)
  return { struck: calls.struck, status: outcome.status, stored, violations, tokens: decided }
}

function judgeRefusal({ status, code, text, retryAfter }: Outcome, { kind }: Fault, violate: Violate): void {
  const isCommand = status === 1
  const isBusy = isCommand
    ? ['busy', 'database_unreachable', 'database_unusable'].includes(code as string)
    : status === 503 && code === 'busy' && retryAfter === '1'
  const isUnknown = unknownKinds.has(kind) && (isCommand || status === 500) && code === 'server_error'
  if (!isBusy && !isUnknown) violate(`answered ${status} ${code}`)
  if (!isCommand && /injected|SQLITE|EIO|disk|statement|timeout/i.test(text)) violate(`told too much: ${text}`)
}

function tokensOf({ status, json }: Outcome, done: number): string[] {
  // OAuth has a name of its own for it.
  const token = json?.token ?? json?.access_token
  return status === done && token !== undefined ? [token] : []
}

/** Every token is recorded, and is taken or refused as its row says: by the server's own guard, and by a service. */
async function checkTokens(
  tokens: readonly string[],
  { reader }: World,
  lane: Lane,
  violate: Violate,
): Promise<Map<string, boolean>> {
  const refused = new Map<string, boolean>()
  const ofRetiredKeys = new Set<string>()
  for (const token of tokens) {
    const { sid, gen, exp } = claimsOf(token)
    const [row] = (await reader.query(`select * from sessions where sid = '${sid}'`)) as [Row | undefined]
    const isRecorded = row !== undefined && Number(row.access_exp) >= exp && Number(row.gen) >= gen
    if (!isRecorded) violate('a token was issued and not recorded')
    const retired = await reader.query(`select id from revocations where kind = 'k' and id = '${kidOf(token)}'`)
    if (retired.length > 0) ofRetiredKeys.add(token)
    refused.set(token, !isRecorded || row.ended_at !== null || gen < Number(row.min_gen) || retired.length > 0)
  }
  const isDecided = (token: string, isRefused: boolean) => {
    // Who has read the keys again knows nothing of one that was retired.
    const refusals = ofRetiredKeys.has(token) ? ['token_revoked', 'token_invalid'] : ['token_revoked']
    return lane.decisions(token).every((code) => (isRefused ? refusals : ['good']).includes(code))
  }
  const areAll = () => [...refused].every(([token, isRefused]) => isDecided(token, isRefused))
  await until(areAll, hearsWithinMs).catch(() => {
    for (const [token, isRefused] of refused) {
      const wanted = isRefused ? 'refused' : 'taken'
      if (!isDecided(token, isRefused)) violate(`a token should be ${wanted}: ${lane.decisions(token).join(', ')}`)
    }
  })
  return refused
}

/** It works unless its session has ended, and the same again gets the same answer. */
async function checkRefresh(refresh_token: string, world: World, violate: Violate): Promise<void> {
  const { reader, sound } = world
  const refresh = () => postJson(sound.url, '/v1/token/refresh', { refresh_token })
  const sid = parseRefreshToken(refresh_token)?.sid
  const [row] = await reader.query(`select ended_at from sessions where sid = '${sid}'`)
  if (row !== undefined && row.ended_at !== null) {
    for (const what of await workingRefreshTokens(world, [refresh_token])) violate(what)
    return
  }
  const [first, second] = [await refresh(), await refresh()]
  if (first.status !== 201 || second.text !== first.text)
    violate(`its refresh token: ${first.status}, ${second.status}`)
}
