/** What `latchkey doctor` finds out by asking: the running server, what stands before it, and the port of the metrics. */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import type { Finding } from '../src/doctor/finding.js'
import { checkPlainHttp } from '../src/doctor/from-outside.js'
import { outerAddresses } from '../src/doctor/metrics-port.js'
import { deploymentsIn, serveIt } from './doctor/deployments.js'
import { findProgram } from './find-program.js'
import { makeCertificate } from './make-certificate.js'
import { ask, closeServer, listen, temporaryFolder } from './server.js'
import { bin, startProcess } from './start-process.js'

const root = temporaryFolder()
const deploy = deploymentsIn(root)

/** The port of a server of these answers, which ends with the test. */
async function answering(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  onTestFinished(() => closeServer(server))
  return listen(server)
}

describe('the running server', () => {
  it('is ready, and told to be reached on this machine alone', async () => {
    const deployment = await deploy()
    const url = await serveIt(deployment)
    const { levels, texts } = await deployment.examine({}, '--url', url)
    expect(levels).toMatchObject({ readiness: 'ok', TLS: 'ok' })
    expect(texts.readiness).toContain('read the feed of revocations within the last second')
  })

  it('that is not ready is a fault with its reasons, and so is one that does not answer', async () => {
    const deployment = await deploy()
    const stopping = await deployment.examine({}, '--url', `${await serveIt(deployment, true)}/`)
    expect([stopping.levels.readiness, stopping.texts.readiness]).toEqual([
      'fault',
      expect.stringContaining('stopping'),
    ])
    const nobody = await deployment.examine({}, '--url', `http://127.0.0.1:${await freePort()}`)
    expect([nobody.levels.outside, nobody.texts.outside]).toEqual(['fault', expect.stringContaining('ECONNREFUSED')])
    const port = await answering((_, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'))
    const other = await deployment.examine({}, '--url', `http://127.0.0.1:${port}`)
    expect([other.levels.readiness, other.texts.readiness]).toEqual(['fault', expect.stringContaining('answers 502')])
  })

  it.runIf(outerAddresses().length > 0)('that clients reach without TLS is a fault', async () => {
    const deployment = await deploy()
    const url = new URL(await serveIt(deployment))
    const server = createServer((request, response) =>
      ask(url.href, 'GET', request.url as string).then(({ status, text }) => response.writeHead(status).end(text)),
    )
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
    onTestFinished(() => closeServer(server))
    const host = outerAddresses().find((address) => address.includes('.')) as string
    const { port } = server.address() as AddressInfo
    const { levels } = await deployment.examine({}, '--url', `http://${host}:${port}`)
    expect(levels).toMatchObject({ readiness: 'ok', TLS: 'fault' })
  })
})

describe('what stands before it', () => {
  const openssl = findProgram(['openssl'], 'openssl')
  if (!openssl) console.warn('SKIPPED TLS: there is no openssl, and it cannot be installed')

  it.runIf(openssl !== undefined)(
    'speaks TLS and keeps browsers there, or is told to',
    { timeout: 60_000 },
    async () => {
      const { key, cert, certificate } = makeCertificate(openssl as string, root)
      const deployment = await deploy()
      const url = new URL(await serveIt(deployment))
      let hsts: string | undefined
      const proxy = createTlsServer({ key, cert }, (request, response) => {
        if (hsts) response.setHeader('strict-transport-security', hsts)
        return ask(url.href, 'GET', request.url as string).then(({ status, text }) =>
          response.writeHead(status).end(text),
        )
      })
      const port = await listen(proxy)
      onTestFinished(() => closeServer(proxy))
      async function examine(NODE_EXTRA_CA_CERTS: string) {
        const environment = { ...deployment.database.environment, NODE_EXTRA_CA_CERTS }
        const words = [bin, 'doctor', '--json', '--url', `https://localhost:${port}`]
        const doctor = startProcess(process.execPath, words, { folder: deployment.folder, environment })
        await doctor.ended
        const { findings } = JSON.parse(doctor.output.out) as { findings: Finding[] }
        return Object.fromEntries(findings.map(({ check, level, found }) => [check, `${level}: ${found}`]))
      }
      expect((await examine('')).outside).toMatch(/^fault: .*(?:DEPTH_ZERO_)?SELF_SIGNED_CERT/)
      expect(await examine(certificate)).toMatchObject({
        readiness: expect.stringMatching(/^ok/),
        HSTS: 'warning: There is no Strict-Transport-Security.',
      })
      hsts = 'max-age=300'
      expect((await examine(certificate)).HSTS).toBe('warning: Strict-Transport-Security lasts 300 seconds.')
      hsts = 'max-age=63072000; includeSubDomains'
      expect((await examine(certificate)).HSTS).toMatch(/^ok/)
    },
  )

  it('serves nothing without TLS but the way to https', async () => {
    const serving = await answering((_, response) => response.end('{}'))
    const sending = await answering((_, response) => response.writeHead(308, { location: 'https://id.example/' }).end())
    const circling = await answering((_, response) => response.writeHead(302, { location: '/login' }).end())
    const level = async (port: number) => (await checkPlainHttp(`http://127.0.0.1:${port}/readyz`)).level
    expect([await level(serving), await level(circling)]).toEqual(['fault', 'fault'])
    expect([await level(sending), await level(await freePort())]).toEqual(['ok', 'ok'])
  })
})

describe('the port of the metrics', () => {
  const outer = outerAddresses()
  it.runIf(outer.length > 0)('is closed but on loopback; what passes it on is a fault', async () => {
    const { examine } = await deploy()
    const server = createServer()
    onTestFinished(() => closeServer(server))
    const port = await listen(server)
    const environment = { LATCHKEY_METRICS_PORT: String(port) }
    expect((await examine(environment)).levels.metrics).toBe('ok')
    await closeServer(server)
    await new Promise<void>((resolve) => server.listen(port, '0.0.0.0', resolve))
    const { levels, texts } = await examine(environment)
    expect([levels.metrics, texts.metrics]).toEqual([
      'fault',
      expect.stringContaining(`takes connections on ${outer[0]}`),
    ])
  })
})
