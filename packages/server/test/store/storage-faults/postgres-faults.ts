/** A way to PostgreSQL on which single statements fail, come late, or have their answers lost. */
import { connect, createServer, type Socket } from 'node:net'
import pg from 'pg'
import { until } from '../../until.js'
import { type Calls, currentCalls } from './calls.js'
import { readMessages } from './read-messages.js'

/** Errors that PostgreSQL itself raises in the place of the statement: kind and SQLSTATE. */
const states: Readonly<Record<string, string>> = {
  ...{ full: '53100', io: '58030', cancelled: '57014', deadlock: '40P01', ending: '57P01', unknown: 'XX000' },
  twice: '53200',
}

/**
 * The errors above; `twice` strikes the next call too. `torn`: as `cancelled`, but after the first statement of several in one message. `cut`: the connection is
 * reset in the place of the statement. `lost`: after it has run. `late`: it arrives when nobody waits for it any more.
 * `unanswered`: it runs, and the answer does not arrive. `gone`: all connections are reset, and new ones too.
 */
export const postgresKinds = [...Object.keys(states), 'torn', 'cut', 'lost', 'late', 'unanswered', 'gone'] as const

/** Whether a fault of this kind can strike that call. */
export function canStrikePostgres(kind: string, calls: readonly string[], index: number): boolean {
  return kind !== 'torn' || calls[index]?.includes(';') === true
}

export interface FaultyWire {
  readonly port: number
  /**
   * Connections are taken again. Settles once the server has given up those that got no answer, and PostgreSQL has done with them.
   * @throws when that is not so in time.
   */
  heal(): Promise<void>
  close(): Promise<void>
}

/** For which operation a connection, by its own port, asks at this moment. */
const asking = new Map<number, Calls | undefined>()

/** Notes for whom each statement is sent: on the wire it does not say. Answers how to stop that. */
export function noteWhoAsks(): () => void {
  type Asking = { query(...values: unknown[]): unknown; readonly connection: { readonly stream: Socket } }
  const client = pg.Client.prototype as unknown as Asking
  const { query } = client
  client.query = function (this: Asking, ...values) {
    const { localPort } = this.connection.stream
    if (localPort !== undefined) asking.set(localPort, currentCalls())
    return query.apply(this, values)
  }
  return () => {
    client.query = query
  }
}

interface Link {
  readonly near: Socket
  readonly far: Socket
  /** What becomes of answers. */
  answers: 'passed' | 'dropped' | 'cut'
  held: Buffer | undefined
}

export async function startFaultyWire(host: string, port: number): Promise<FaultyWire> {
  const links = new Set<Link>()
  /** The connections to the server that it has not closed yet. */
  const ending = new Set<Socket>()
  let isGone = false

  function cut({ near, far }: Link): void {
    near.resetAndDestroy()
    far.destroy()
  }
  function strike(link: Link, kind: string | undefined, text: string, bytes: Buffer): void {
    if (kind === 'cut') cut(link)
    else if (kind === 'gone') {
      isGone = true
      for (const each of links) cut(each)
    } else if (kind === 'late') link.held = bytes
    else {
      if (kind === 'lost') link.answers = 'cut'
      if (kind === 'unanswered') link.answers = 'dropped'
      link.far.write(inPlaceOf(kind, text) ?? bytes)
    }
  }

  const server = createServer({ noDelay: true }, (near) => {
    if (isGone) return void near.resetAndDestroy()
    const far = connect({ host, port, noDelay: true })
    const link: Link = { near, far, answers: 'passed', held: undefined }
    links.add(link)
    ending.add(far)
    readMessages(near, 'requests', (bytes, text) => {
      const calls = text === undefined ? undefined : asking.get(near.remotePort as number)
      const kind = text === undefined ? undefined : calls?.next(text)
      strike(link, kind, text ?? '', bytes)
    })
    readMessages(far, 'answers', (bytes, text) => {
      if (link.answers === 'passed') near.write(bytes)
      else if (link.answers === 'cut' && text !== undefined) cut(link)
    })
    for (const socket of [near, far]) socket.on('error', () => {})
    near.on('close', () => {
      links.delete(link)
      if (link.held !== undefined) far.write(link.held)
      far.end()
    })
    far.on('close', () => {
      ending.delete(far)
      near.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    async heal() {
      isGone = false
      const isStruck = ({ answers, held }: Link) => answers !== 'passed' || held !== undefined
      // The others are open because the pool keeps them.
      const isHealed = () => ending.size === links.size && ![...links].some(isStruck)
      await until(isHealed).catch((cause: unknown) => {
        const [open, struck] = [ending.size - links.size, [...links].filter(isStruck).length]
        throw new Error(`PostgreSQL keeps ${open} connections, the server ${struck} without an answer`, { cause })
      })
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const link of links) cut(link)
      await closed
    },
  }
}

/** What PostgreSQL is asked instead; undefined: what it was to be asked. */
function inPlaceOf(kind: string | undefined, text: string): Buffer | undefined {
  if (kind === 'torn') return simpleQuery(`${text.split(';')[0]}; ${raise('57014')}`)
  const state = states[kind ?? '']
  return state === undefined ? undefined : simpleQuery(raise(state))
}

const raise = (state: string) => `do $$ begin raise exception 'injected' using errcode = '${state}'; end $$`

function simpleQuery(text: string): Buffer {
  const body = Buffer.from(`Q____${text}\0`)
  body.writeInt32BE(body.length - 1, 1)
  return body
}
