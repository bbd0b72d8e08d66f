/** Tries one operation: the good token first, then everything that must be refused. */
import { curlLine } from './curl-line.js'
import * as judge from './judge.js'
import { isTooNarrow } from './low-token.js'
import { isSafe, type Operation } from './operation.js'
import { type Attempt, type GroupName, type GroupReport, groupNames, type OperationReport, worst } from './report.js'
import { type Answer, LimitReached, NoAnswer, type ProbeRequest, type Sender } from './sender.js'
import type { Credential, Group, Trick } from './trick.js'
import { otherMethods } from './tricks/other-methods.js'
import { otherPaths } from './tricks/other-paths.js'
import { noToken } from './tricks/tampered-tokens.js'

export interface OperationTools {
  readonly sender: Sender
  readonly origin: string
  /** Of the address of the API, without a slash at its end. */
  readonly basePath: string
  readonly good: Credential
  /** What is tried with other credentials. */
  readonly groups: readonly Group[]
  /** With the scopes that it says it has; a text says why there is none. */
  readonly low: { readonly credential: Credential; readonly scopes: readonly string[] } | string
  /** Whether credentials that are good go to operations that change something. */
  readonly write: boolean
  /** Whether the file marks a method as open at the path of an operation. */
  isOpen(operation: Operation, method: string): boolean
  /** The answer to a path that cannot be there. */
  nowhere(method: string): Promise<Answer | undefined>
}

export async function probeOperation(operation: Operation, tools: OperationTools): Promise<OperationReport> {
  const groups: GroupReport[] = []
  const state: { control?: Answer | undefined; unproved?: string | undefined } = {}
  try {
    for await (const group of probeGroups(operation, tools, state)) groups.push(group)
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error
    state.unproved = error.message
  }
  const missing = groupNames.filter((name) => !groups.some(({ group }) => group === name))
  const rest = missing.map((group) => skipped(group, state.unproved ?? 'it is open without any credential'))
  const waited = groups.some(({ attempts }) => attempts.some(({ outcome }) => outcome === 'skipped'))
  const unproved = state.unproved ?? (waited ? 'it asks to wait, again and again (429)' : undefined)
  return {
    operation: operation.name,
    controlStatus: state.control?.status,
    ...(unproved !== undefined && { unproved }),
    groups: [...groups, ...rest],
  }
}

async function* probeGroups(
  operation: Operation,
  tools: OperationTools,
  state: { control?: Answer | undefined; unproved?: string | undefined },
): AsyncGenerator<GroupReport> {
  const maySendGood = tools.write || isSafe(operation)
  const plain = requestOf(operation, tools)
  if (maySendGood) {
    const sent = await ask(tools, plain, tools.good)
    state.control = typeof sent === 'string' ? undefined : sent
    state.unproved = typeof sent === 'string' ? `the good token gets ${sent}` : judge.whyNotLetIn(sent)
  }
  const { control } = state
  const bare = await ask(tools, plain)
  const none = attempt(tools, { name: 'no credential' }, plain, bare, (answer) => judge.judgeBare(answer, control))
  yield report('none', [none])
  if (none.outcome === 'open') return
  if (typeof bare === 'string' || bare.status >= 500) {
    state.unproved ??= `no credential gets ${typeof bare === 'string' ? bare : bare.status}`
    if (typeof bare === 'string') return
  } else if (judge.saysNothingIsThere(bare.status) && none.outcome === 'warned') {
    state.unproved ??= none.message
  }

  let answerToNoToken: Answer | undefined
  for (const group of tools.groups) {
    if ('skipped' in group) {
      yield skipped(group.name, group.skipped)
      continue
    }
    const attempts: Attempt[] = []
    for (const trick of group.tricks) {
      const answer = await ask(tools, plain, trick.credential)
      const known = { control, bare, noToken: answerToNoToken }
      const isMalformed = group.name === 'empty' || trick.name === noToken
      if (trick.name === noToken && typeof answer !== 'string') answerToNoToken = answer
      attempts.push(attempt(tools, trick, plain, answer, (found) => judge.judgeCredential(found, known, isMalformed)))
    }
    yield report(group.name, attempts)
  }
  yield await probeScope(operation, tools, plain, control)
  const detours = [otherPaths(operation), otherMethods(operation, (method) => tools.isOpen(operation, method))]
  for (const group of detours) yield await probeDetours(group, operation, tools)
}

async function probeScope(
  operation: Operation,
  tools: OperationTools,
  plain: ProbeRequest,
  control: Answer | undefined,
): Promise<GroupReport> {
  const { low } = tools
  if (typeof low === 'string') return skipped('scope', low)
  if (!tools.write && !isSafe(operation)) return skipped('scope', 'the low token is good: it is sent here with --write')
  const tooNarrow = isTooNarrow(low.scopes, operation)
  const trick = { name: tooNarrow ? 'token without the scope' : 'token that needs no more', credential: low.credential }
  const answer = await ask(tools, plain, low.credential)
  const toVerdict = (found: Answer) => (tooNarrow ? judge.judgeNarrow(found, control) : judge.judgeSufficient(found))
  return report('scope', [attempt(tools, trick, plain, answer, toVerdict)])
}

async function probeDetours(group: Group, operation: Operation, tools: OperationTools): Promise<GroupReport> {
  if ('skipped' in group) return skipped(group.name, group.skipped)
  const attempts: Attempt[] = []
  for (const trick of group.tricks) {
    const request = requestOf(operation, tools, trick)
    const answer = await ask(tools, request)
    const nowhere = await tools.nowhere(request.method)
    // A server may drop the connection of a method that it does not know.
    const heard =
      group.name === 'method' && answer === 'no answer: ECONNRESET' ? { ...emptyAnswer, status: 400 } : answer
    attempts.push(attempt(tools, trick, request, heard, (found) => judge.judgeDetour(found, nowhere)))
  }
  return report(group.name, attempts)
}

const emptyAnswer = { headers: {}, body: '' }
/** A request with one of these and a body is one that servers may refuse for it. */
const bodiless = ['GET', 'HEAD', 'TRACE']

function requestOf(operation: Operation, { basePath }: OperationTools, { change }: Partial<Trick> = {}): ProbeRequest {
  const method = change?.method ?? operation.method
  const target = basePath + (change?.path ?? operation.path) + operation.query
  const headers = { accept: '*/*', ...operation.headers, ...change?.headers }
  return { method, target, headers, body: bodiless.includes(method) ? undefined : operation.body }
}

/** The answer, or why there is none. */
async function ask(
  { sender }: OperationTools,
  request: ProbeRequest,
  credential?: Credential,
): Promise<Answer | string> {
  const authorization = credential === undefined ? {} : { authorization: credential.value }
  try {
    return await sender.send({ ...request, headers: { ...request.headers, ...authorization } })
  } catch (error) {
    if (error instanceof NoAnswer) return error.message
    throw error
  }
}

function attempt(
  { origin }: OperationTools,
  { name, credential }: Trick,
  request: ProbeRequest,
  answer: Answer | string,
  toVerdict: (answer: Answer) => judge.Verdict,
): Attempt {
  const curl = curlLine(origin, request, credential)
  if (typeof answer === 'string') return { trick: name, outcome: 'broke', status: undefined, message: answer, curl }
  const { status } = answer
  if (status === 429) return { trick: name, outcome: 'skipped', status, message: 'asks to wait, again and again', curl }
  return { trick: name, status, ...toVerdict(answer), curl }
}

function report(group: GroupName, attempts: readonly Attempt[]): GroupReport {
  const outcome = attempts.length === 0 ? 'held' : worst(attempts.map((each) => each.outcome))
  return { group, outcome, attempts }
}

function skipped(group: GroupName, reason: string): GroupReport {
  return { group, outcome: 'skipped', reason, attempts: [] }
}
