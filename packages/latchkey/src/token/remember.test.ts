import { expect, it } from 'vitest'
import { remember } from './remember.js'

it('reads no text again that it has read, and what it could not read each time', () => {
  const read: string[] = []
  const remembering = remember((text) => {
    read.push(text)
    return text === 'bad' ? undefined : { text }
  })
  expect(remembering('a')).toEqual({ text: 'a' })
  read.length = 0
  expect(remembering('a')).toBe(remembering('a'))
  expect(remembering('bad')).toBeUndefined()
  expect(remembering('bad')).toBeUndefined()
  expect(read).toEqual(['bad', 'bad'])
})

it('keeps no more than 256, whatever comes', () => {
  let reads = 0
  const remembering = remember((text) => ({ text, read: reads++ }))
  for (let i = 0; i < 1000; i++) expect(remembering(`text ${i}`)?.text).toBe(`text ${i}`)
  for (let i = 744; i < 1000; i++) remembering(`text ${i}`)
  expect(reads).toBeGreaterThan(2000)
  expect(reads).toBeLessThanOrEqual(2 * 1256)
})
