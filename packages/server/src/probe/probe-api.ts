/** Proves from outside that an API is closed: sends what must be refused to each of its operations. */
import { randomBytes } from 'node:crypto'
import { findIssuerKeys } from './issuer-keys.js'
import { type KeyTrap, openKeyTrap } from './key-trap.js'
import { scopesOf } from './low-token.js'
import type { Operation } from './operation.js'
import { type OperationTools, probeOperation } from './probe-operation.js'
import { type Finding, findingsOf, type OperationReport, type ProbeReport } from './report.js'
import { type Answer, createSender, LimitReached, NoAnswer, type Sender } from './sender.js'
import { readShownJwt, type ShownJwt } from './shown-token.js'
import type { Group } from './trick.js'
import { emptyCredentials } from './tricks/empty-credentials.js'
import { createForeignKey, foreignKeySet, foreignKeys } from './tricks/foreign-keys.js'
import { expiredToken, otherAudienceToken } from './tricks/given-token.js'
import { keyConfusion } from './tricks/key-confusion.js'
import { tamperedTokens } from './tricks/tampered-tokens.js'
import { unsignedTokens } from './tricks/unsigned-tokens.js'
import { findPublishedSecret, weakSecrets } from './tricks/weak-secrets.js'

export interface ProbeOptions {
  /** The paths of the operations are appended to it. */
  readonly url: URL
  /** All that the file describes. */
  readonly operations: readonly Operation[]
  /** Names of operations to probe although the file marks them as open. */
  readonly also: readonly string[]
  readonly token: string
  readonly lowToken: string | undefined
  readonly expiredToken: string | undefined
  readonly otherAudienceToken: string | undefined
  /** Where the issuer's public keys lie; default: where its metadata says. */
  readonly jwks: URL | undefined
  /** Sends the good tokens to operations that change something as well. */
  readonly write: boolean
  readonly maxRequests: number
}

/** Operations that are tried at once; each sends one request after the other. */
const concurrency = 4

/** @throws NoAnswer when the API does not answer at all. */
export async function probeApi(options: ProbeOptions): Promise<ProbeReport> {
  const { url, operations, also, token } = options
  const sender = createSender(url.origin, options.maxRequests, concurrency)
  const jwt = readShownJwt(token)
  const foreignKey = jwt && createForeignKey(jwt)
  const trap = await openKeyTrap(jwt && foreignKey ? foreignKeySet(foreignKey, jwt) : {})
  try {
    const groups: Group[] = [
      emptyCredentials,
      tamperedTokens(token, jwt),
      unsignedTokens(jwt),
      keyConfusion(jwt, await findKeys(sender, jwt, options.jwks)),
      foreignKeys(jwt, foreignKey, trap.url),
      weakSecrets(jwt),
      expiredToken(options.expiredToken),
      otherAudienceToken(options.otherAudienceToken),
    ]
    const isProbed = ({ openByDescription, name }: Operation) => !openByDescription || also.includes(name)
    const reports = await probeAll(operations.filter(isProbed), toolsOf(options, sender, groups))
    return {
      url: url.href,
      requests: sender.count,
      operations: reports,
      openByDescription: operations.filter((operation) => !isProbed(operation)).map(({ name }) => name),
      findings: [...findingsOfToken(jwt, trap), ...reports.flatMap(findingsOf)],
    }
  } finally {
    sender.close()
    await trap.close()
  }
}

async function findKeys(sender: Sender, jwt: ShownJwt | undefined, jwks: URL | undefined) {
  try {
    return await findIssuerKeys(sender.read, jwt?.claims.iss, jwks)
  } catch (error) {
    if (error instanceof LimitReached) return { reason: error.message }
    throw error
  }
}

function toolsOf(options: ProbeOptions, sender: Sender, groups: readonly Group[]): OperationTools {
  const { url, operations, token, lowToken, write } = options
  const basePath = url.pathname.replace(/\/+$/, '')
  const nowherePath = `${basePath}/latchkey-probe-${randomBytes(8).toString('hex')}`
  const nowhere = new Map<string, Promise<Answer | undefined>>()
  return {
    ...{ sender, origin: url.origin, basePath, groups, write },
    good: { value: `Bearer ${token}`, shell: 'Bearer $TOKEN' },
    low: lowOf(lowToken),
    isOpen: ({ template }, method) =>
      operations.some((other) => other.openByDescription && other.template === template && other.method === method),
    nowhere(method) {
      const known = nowhere.get(method) ?? askNowhere(sender, method, nowherePath)
      nowhere.set(method, known)
      return known
    },
  }
}

function lowOf(token: string | undefined): OperationTools['low'] {
  if (token === undefined) return 'give --low-token'
  const scopes = scopesOf(token)
  if (scopes === undefined) return 'the low token does not say its scopes'
  return { credential: { value: `Bearer ${token}`, shell: 'Bearer $LOW_TOKEN' }, scopes }
}

async function askNowhere(sender: Sender, method: string, target: string): Promise<Answer | undefined> {
  try {
    return await sender.send({ method, target, headers: { accept: '*/*' } })
  } catch (error) {
    if (error instanceof NoAnswer) return undefined
    throw error
  }
}

/** In the order of the file, whatever ends first. */
async function probeAll(operations: readonly Operation[], tools: OperationTools): Promise<OperationReport[]> {
  const waiting = [...operations.entries()]
  const reports: OperationReport[] = []
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, operation] = next
      reports[index] = await probeOperation(operation, tools)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return reports
}

function findingsOfToken(jwt: ShownJwt | undefined, trap: KeyTrap): Finding[] {
  const findings: Finding[] = []
  if (jwt !== undefined && findPublishedSecret(jwt) !== undefined) {
    findings.push({
      ...{ group: 'weak secret', outcome: 'open', tricks: ['secrets that stand in documentation'] },
      message: 'the good token is signed with one of them: whoever knows the list can make any token',
    })
  }
  if (trap.count > 0) {
    findings.push({
      ...{ group: 'foreign key', outcome: 'warned', tricks: ['jku', 'x5u'] },
      message: `${trap.count} times an address was fetched that only a token named`,
    })
  }
  return findings
}
