import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readVersion } from '../config/version.js'
import type { Operation } from '../probe/operation.js'
import type { ProbeReport } from '../probe/report.js'
import { CommandError, type CommandIo, UsageError } from './command-io.js'
import { example } from './example.js'
import { readStdin } from './read-secret.js'

export interface ProbeForm {
  readonly openapi: string
  readonly token: string
  readonly lowToken?: string
  readonly expiredToken?: string
  readonly otherAudienceToken?: string
  readonly jwks?: string
  readonly also: readonly string[]
  readonly write?: boolean
  readonly allowUnproved?: boolean
  readonly maxRequests: string
  readonly sarif?: string
  readonly json?: boolean
}

const description = `Prove from outside that an API is closed: send what must be refused to each operation of its OpenAPI file.
POST, PUT, PATCH and DELETE are sent, too, without a good credential: where they are open, that may have effects.
Try it where nothing is lost. Ends with 1 when something is open, or when nothing was proved of an operation.`
const maxTokenBytes = 64 * 1024
const readWaitMs = 10_000

/** `latchkey probe` */
export function addProbeCommand(program: Command, io: CommandIo): void {
  program
    .command('probe')
    .summary('Prove from outside that an API is closed')
    .description(description)
    .argument('<url>', 'the address that the paths of the file are appended to')
    .requiredOption('--openapi <file>', 'OpenAPI 3.0 or 3.1 in JSON or YAML: a file, or a URL of the same origin')
    .requiredOption('--token <token>', 'a token that is let in, or - to read it from standard input')
    .option('--low-token <token>', 'one with fewer scopes: what it lacks must be refused')
    .option('--expired-token <token>', 'one that was good and is over')
    .option('--other-audience-token <token>', 'a good one of the same issuer, for somebody else')
    .option('--jwks <url>', 'the public keys of the issuer; default: where its metadata says')
    .option(
      '--also <operation>',
      'probe it although the file marks it as open, as "GET /metrics"; may be repeated',
      add,
      [],
    )
    .option('--write', 'send the good tokens to POST, PUT, PATCH and DELETE as well: what needs no body is done')
    .option('--allow-unproved', 'end with 0 although nothing was proved of some operations')
    .option('--max-requests <number>', 'send no more than these', '10000')
    .option('--sarif <file>', 'write the findings as SARIF 2.1.0 as well')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('latchkey probe https://api.example --openapi openapi.json --token - < token.txt'))
    .action((url: string, form: ProbeForm) => probe(io, url, form))
}

function add(value: string, before: string[]): string[] {
  return [...before, value]
}

async function probe(io: CommandIo, address: string, form: ProbeForm): Promise<void> {
  const url = readAddress('URL', address)
  const token = checkToken('--token', form.token === '-' ? await readStdin(io, 'token', maxTokenBytes) : form.token)
  const { lowToken, expiredToken, otherAudienceToken } = form
  for (const [name, text] of Object.entries({ lowToken, expiredToken, otherAudienceToken })) {
    if (text !== undefined) checkToken(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, text)
  }
  const operations = await readOperations(io, url, form)
  await checkGivenTokens(token, form)
  const { probeApi } = await import('../probe/probe-api.js')
  const report = await probeApi({
    ...{ url, operations, token, lowToken, expiredToken, otherAudienceToken, also: form.also },
    jwks: form.jwks === undefined ? undefined : readAddress('--jwks', form.jwks),
    write: form.write === true,
    maxRequests: readCount(form.maxRequests),
  })
  await tell(io, report, form)
}

async function tell(io: CommandIo, report: ProbeReport, form: ProbeForm): Promise<void> {
  const { formatReport, summaryOf } = await import('../probe/format-report.js')
  if (form.json) io.out(JSON.stringify(report))
  else for (const line of formatReport(report)) io.out(line)
  if (form.sarif !== undefined) {
    const { toSarif } = await import('../probe/sarif.js')
    const text = JSON.stringify(toSarif(report, form.openapi, readVersion()), undefined, 2)
    await writeFile(resolve(io.folder, form.sarif), `${text}\n`)
  }
  const isOpen = report.findings.some(({ outcome }) => outcome === 'open')
  const isUnproved = report.operations.some(({ unproved }) => unproved !== undefined)
  if (isOpen || (isUnproved && !form.allowUnproved)) throw new CommandError(summaryOf(report))
}

async function readOperations(io: CommandIo, url: URL, { openapi, also }: ProbeForm): Promise<Operation[]> {
  const { readDescription } = await import('../probe/read-description.js')
  const text = /^https?:\/\//i.test(openapi) ? await fetchText(url, openapi) : await readText(io, openapi)
  let operations: Operation[]
  try {
    operations = readDescription(text)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  for (const name of also) {
    if (!operations.some((operation) => operation.name === name)) {
      throw new UsageError(`--also must name an operation of the file, such as "${operations[0]?.name ?? 'GET /path'}"`)
    }
  }
  if (operations.every(({ openByDescription, name }) => openByDescription && !also.includes(name))) {
    throw new UsageError('The OpenAPI file must ask for a credential at some operation, or --also must name one')
  }
  return operations
}

async function readText(io: CommandIo, file: string): Promise<string> {
  try {
    return await readFile(resolve(io.folder, file), 'utf8')
  } catch {
    throw new UsageError(`--openapi must name a file that can be read: ${file}`)
  }
}

async function fetchText({ origin }: URL, address: string): Promise<string> {
  const url = readAddress('--openapi', address)
  if (url.origin !== origin) throw new UsageError(`--openapi must be a URL of ${origin}, or a file`)
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(readWaitMs) })
    if (response.status === 200) return await response.text()
    throw new CommandError(`${url.href} must answer 200, not ${response.status}`)
  } catch (error) {
    throw error instanceof CommandError ? error : new CommandError(`${url.href} cannot be read`)
  }
}

function readAddress(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new UsageError(`${name} must be an http or https URL without a user name`)
  }
  return url
}

function checkToken(name: string, text: string): string {
  if (!/^[!-~]+$/.test(text)) throw new UsageError(`${name} must be one word of visible ASCII characters`)
  return text
}

/** Tokens that are what their options say, as far as they tell. */
async function checkGivenTokens(token: string, { expiredToken, otherAudienceToken }: ProbeForm): Promise<void> {
  const { readShownJwt } = await import('../probe/shown-token.js')
  const exp = expiredToken === undefined ? undefined : readShownJwt(expiredToken)?.claims.exp
  if (typeof exp === 'number' && exp * 1000 > Date.now())
    throw new UsageError('--expired-token must have its exp in the past')
  const other = otherAudienceToken === undefined ? undefined : readShownJwt(otherAudienceToken)?.claims
  if (other !== undefined && JSON.stringify(other.aud) === JSON.stringify(readShownJwt(token)?.claims.aud)) {
    throw new UsageError('--other-audience-token must have another aud than --token')
  }
}

function readCount(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new UsageError('--max-requests must be a whole number from 1')
  return Number(text)
}
