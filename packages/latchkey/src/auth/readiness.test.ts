import process from 'node:process'
import { expect, it } from 'vitest'
import { createReadiness } from './readiness.js'

/** Timers that hold the process open. */
const holding = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

it('holds the process open while somebody waits, once, until everything is here', async () => {
  const before = holding()
  const readiness = createReadiness()
  expect(holding()).toBe(before)
  const waits = [readiness.wait(), readiness.wait()]
  expect(holding()).toBe(before + 1)
  readiness.settle()
  expect(holding()).toBe(before)
  await Promise.all([...waits, readiness.wait()])
  expect(holding()).toBe(before)
})

it('holds nothing open for who waits when everything is here', async () => {
  const before = holding()
  const readiness = createReadiness()
  readiness.settle()
  await readiness.wait()
  expect(holding()).toBe(before)
})

it('holds nothing open once it is closed, nor settles', async () => {
  const before = holding()
  const readiness = createReadiness()
  const settled: string[] = []
  void readiness.wait().then(() => settled.push('before'))
  readiness.close()
  expect(holding()).toBe(before)
  void readiness.wait().then(() => settled.push('after'))
  expect(holding()).toBe(before)
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(settled).toEqual([])
})
