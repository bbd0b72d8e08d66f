/** An issuer of the tests' own, which rotates, fails and lies as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from '../guards/apps/listen.js'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface OwnIssuer {
  readonly url: string
  /** The paths that were asked for, in order. */
  readonly paths: string[]
  /** How often the key set was asked for. */
  readonly fetches: number
  /** The entries of the key set. */
  keys: readonly unknown[]
  /** What a path answers; at first the metadata of OpenID Connect and the key set. */
  readonly answers: Map<string, Handler>
  close(): Promise<void>
}

export const metadataPath = '/.well-known/openid-configuration'
export const keysPath = '/keys'

export const json =
  (value: unknown): Handler =>
  (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))

export const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    response.writeHead(code, headers).end()

export async function startOwnIssuer(keys: readonly unknown[] = []): Promise<OwnIssuer> {
  const paths: string[] = []
  const answers = new Map<string, Handler>()
  const server = createServer((request, response) => {
    paths.push(request.url as string)
    const answer = answers.get(request.url as string) ?? status(404)
    answer(request, response)
  })
  const { port, close } = await listen(server)
  const url = `http://127.0.0.1:${port}`
  const issuer = {
    ...{ url, paths, keys, answers, close },
    get fetches() {
      return paths.filter((path) => path === keysPath).length
    },
  }
  answers.set(metadataPath, json({ issuer: url, jwks_uri: url + keysPath }))
  answers.set(keysPath, (request, response) => json({ keys: issuer.keys })(request, response))
  return issuer
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Waits until it is so; fails after 8 s. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const began = performance.now()
  while (!(await isSo())) {
    if (performance.now() - began > 8000) throw new Error('It is not so after 8 s')
    await pause(5)
  }
}
