/** examples/Containerfile: read and linted, and built and run where a container engine has its base images. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DockerfileParser, type JSONInstruction } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readVersion } from '../../src/config/version.js'
import { ann, postJson, secret, temporaryFolder } from '../server.js'
import { buildImage, volumeName } from './container.js'
import { type ContainerEngine, findContainerEngine } from './container-engine.js'
import { examples, knownSettings, readExample } from './examples.js'

const folder = temporaryFolder()
const register = (url: string, account: string) => postJson(url, '/v1/client/register', { ...ann, account })
const logIn = (url: string, account = ann.account) => postJson(url, '/v1/token', { account, secret, type: 100 })

describe('Containerfile', () => {
  const text = readExample('Containerfile')
  const container = DockerfileParser.parse(text)
  const instructions = container.getInstructions().map((one) => [one.getKeyword(), one.getArgumentsContent() ?? ''])
  const all = (keyword: string) => instructions.filter(([name]) => name === keyword).map(([, content]) => content)
  const last = instructions.slice(instructions.findLastIndex(([name]) => name === 'FROM'))
  const images = container.getFROMs().map((from) => from.getImage() as string)

  it('is what a container engine reads', () => {
    expect(validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([])
    const sources = container.getCOPYs().filter((copy) => copy.getFromFlag() === null)
    expect(sources).toHaveLength(1)
    for (const source of sources) {
      const [first = ''] = source.getArguments().map((argument) => argument.getValue())
      expect(existsSync(join(examples, first))).toBe(true)
    }
  })

  it('builds and runs on one image, of one version of Node, without a compiler', () => {
    expect(images).toHaveLength(2)
    expect(images[0]).toMatch(/\/node:\d+\.\d+-[a-z]+-slim$/)
    expect(images[1]).toBe(images[0])
  })

  it('runs as an ordinary user, gets the signals, and holds no secret', () => {
    expect(last.filter(([name]) => name === 'USER').at(-1)?.[1]).toBe('node')
    for (const command of [...container.getCMDs(), ...container.getENTRYPOINTs()] as JSONInstruction[]) {
      expect(command.getOpeningBracket()).not.toBeNull()
    }
    const settings = [...all('ENV'), ...all('ARG')].join(' ')
    expect(settings).not.toMatch(/SECRET|PASSWORD|DATABASE_URL/)
    for (const [, name] of settings.matchAll(/(\w+)=/g)) {
      expect([...knownSettings(), 'PATH', 'LATCHKEY_VERSION']).toContain(name)
    }
  })

  it('installs the version that this is', () => {
    expect(all('ARG')).toEqual([`LATCHKEY_VERSION=${readVersion()}`])
  })

  const engine = findContainerEngine(images)
  if (typeof engine === 'string') console.warn(`SKIPPED the container: ${engine}`)
  it.runIf(typeof engine !== 'string')(
    'is built, serves as an ordinary user, and keeps its data',
    { timeout: 900_000 },
    async () => {
      const image = await buildImage(engine as ContainerEngine, folder)
      onTestFinished(() => image.remove())
      const volume = volumeName()
      onTestFinished(async () => {
        await (engine as ContainerEngine).run('volume', 'rm', '--force', volume)
      })
      const first = await image.start(volume)
      expect((await register(first.url, ann.account)).status).toBe(201)
      expect(await first.run('id', '-un')).toBe('node')
      expect(await first.run('sh', '-c', 'command -v g++ || echo none')).toBe('none')
      const [, health = ''] = /CMD (\[.*\])$/.exec(all('HEALTHCHECK')[0] as string) ?? []
      expect(await first.run(...JSON.parse(health))).toBe('')
      expect(await first.end()).toBe(0)
      const second = await image.start(volume)
      expect((await logIn(second.url)).status).toBe(201)
      expect(await second.end()).toBe(0)
    },
  )
})
