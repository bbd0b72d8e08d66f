import { LatchkeyError } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { createHashingQueue } from './hashing-queue.js'

/** Work that ends when the test says so. */
function held() {
  const started: number[] = []
  const end: (() => void)[] = []
  const work = (number: number) => () =>
    new Promise<number>((resolve) => {
      started.push(number)
      end.push(() => resolve(number))
    })
  return { started, end, work }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the hashing queue', () => {
  it('runs two at once, the others in the order of asking', async () => {
    const { started, end, work } = held()
    const queue = createHashingQueue()
    const results = [1, 2, 3, 4].map((number) => queue.run(work(number)))
    await turn()
    expect(started).toEqual([1, 2])
    end[1]?.()
    await turn()
    expect(started).toEqual([1, 2, 3])
    end[0]?.()
    await turn()
    expect(started).toEqual([1, 2, 3, 4])
    for (const finish of end) finish()
    expect((await Promise.all(results)).map(({ result }) => result)).toEqual([1, 2, 3, 4])
  })

  it('refuses the one past a hundred that wait, and takes new ones when some are done', async () => {
    const { end, work } = held()
    const queue = createHashingQueue()
    const waiting = Array.from({ length: 102 }, (_, i) => queue.run(work(i)))
    await turn()
    expect(queue.expectRoom).toThrow('too many logins at once')
    const refusal = await queue.run(work(103)).catch((error) => error)
    expect(refusal).toBeInstanceOf(LatchkeyError)
    expect([refusal.code, refusal.status]).toEqual(['busy', 503])
    expect(Number(refusal.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    end[0]?.()
    await turn()
    queue.expectRoom()
    waiting.push(queue.run(work(104)))
    for (let i = 1; i < 103; i++) {
      end[i]?.()
      await turn()
    }
    expect(await Promise.all(waiting)).toHaveLength(103)
  })

  it('keeps the turn of work that nobody waits for any more, until the work itself ends', async () => {
    const { started, end, work } = held()
    const queue = createHashingQueue()
    await Promise.race([queue.run(work(1)), turn()])
    await Promise.race([queue.run(work(2)), turn()])
    const third = queue.run(work(3))
    await turn()
    expect(started).toEqual([1, 2])
    end[0]?.()
    await turn()
    end[2]?.()
    end[1]?.()
    expect((await third).result).toBe(3)
  })

  it.each([
    ['one at once on two cores, in the order of asking, until they come no more', 2, [1]],
    ['two at once on more', 3, [1, 2]],
  ])('while guarded requests come, runs %s', async (_, cores, first) => {
    const { started, end, work } = held()
    const queue = createHashingQueue(cores)
    let guarded = 0
    queue.makeRoomFor(() => guarded)
    // Ten a second and more, and then none: it is looked at each quarter of a second.
    const pause = () => new Promise((resolve) => setTimeout(resolve, 300))
    await pause()
    guarded = 1000
    const results = [1, 2, 3, 4, 5].map((number) => queue.run(work(number)))
    await turn()
    expect([started, queue.load()]).toEqual([first, { running: first.length, waiting: 5 - first.length }])
    await pause()
    end[0]?.()
    await turn()
    // One that ends makes room for two.
    expect(started).toEqual([1, 2, 3])
    for (let i = 1; i < 5; i++) {
      end[i]?.()
      await turn()
    }
    expect(started).toEqual([1, 2, 3, 4, 5])
    await Promise.all(results)
  })

  it('goes on after work that fails', async () => {
    const queue = createHashingQueue()
    const failing = Array.from({ length: 5 }, () => queue.run(() => Promise.reject(new Error('no memory'))))
    for (const one of failing) await expect(one).rejects.toThrow('no memory')
    expect((await queue.run(async () => 'done')).result).toBe('done')
  })

  it('tells when the turn came, not when it was asked for', async () => {
    const { end, work } = held()
    const queue = createHashingQueue()
    const first = [queue.run(work(1)), queue.run(work(2))]
    const third = queue.run(async () => {})
    await new Promise((resolve) => setTimeout(resolve, 50))
    const freedAtMs = performance.now()
    for (const finish of end) finish()
    await Promise.all(first)
    expect((await third).startedAtMs).toBeGreaterThanOrEqual(freedAtMs)
  })
})
