import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const path = (name) => fileURLToPath(new URL(`../packages/server/${name}`, import.meta.url))
const folder = path('bundle/cli')
const read = (name) => readFileSync(`${folder}/${name}`, 'utf8')
const help = (program) => execFileSync(process.execPath, [path(program), '--help'], { encoding: 'utf8' })

test('the program says what its modules say', () => {
  expect(help('bin/latchkey.js')).toBe(help('dist/cli/main.js'))
})

test('what it depends on is either in it, with its licence beside it, or asked for by name', () => {
  const { dependencies } = JSON.parse(readFileSync(path('package.json'), 'utf8'))
  const programs = readdirSync(folder).filter((name) => name.endsWith('.js'))
  const text = [...programs, '../../bin/hashing-thread.js'].map(read).join('\n')
  const licences = read('LICENSES.txt')
  const isInIt = (name) => new RegExp(`^${name} [0-9.]+$`, 'm').test(licences)
  const isAskedFor = (name) => new RegExp(`["']${name}(/[^"']*)?["']`).test(text)
  const inIt = Object.keys(dependencies).filter(isInIt)
  expect(inIt).toEqual(expect.arrayContaining(['hono', 'kysely', 'zod']))
  expect(Object.keys(dependencies).filter((name) => !isInIt(name) && !isAskedFor(name))).toEqual(['@latchkey/query'])
  expect(licences).not.toContain('undefined')
  expect(licences.match(/permission is hereby granted/gi)?.length).toBeGreaterThan(8)
})
