/**
 * Virtual time: timers, `Date.now` and `performance.now` of this process, moved on by a loop that runs one event after the other.
 * Each party (a guard, a server) has clocks of its own, which may be wrong, drift, be set, or stand still while it sleeps.
 */
import process from 'node:process'

const epochMs = Date.UTC(2027, 0, 31, 12)
const real = { setImmediate, now: performance.now.bind(performance), dateNow: Date.now }
/** Whose clocks count at this moment; undefined: the real ones. */
let active

export const realNowMs = real.now

/** Before anything of Latchkey's is loaded: what keeps `Date.now` from its start keeps this one. */
export function replaceClocks() {
  Date.now = () => (active === undefined ? real.dateNow() : Math.floor(active.wallMs()))
  performance.now = () => (active === undefined ? real.now() : active.monotonicMs())
}

/** CPU of this process so far, which does not go on while somebody else has the core. */
export function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

export function createParty(kind, { wallAheadMs = 0, rate = 1, bootedMs = 0 } = {}) {
  return { kind, wallAheadMs, rate, bootedMs, asleepUntil: 0, sleptMs: 0, cpuMs: 0 }
}

export function createVirtualTime() {
  const heap = createHeap()
  const nobody = createParty('nobody')
  let nowMs = 0
  let order = 0
  let current = nobody
  /** Work that ends by itself without virtual time, such as reading a body that is here. */
  let unsettled = 0

  const wallMs = () => epochMs + nowMs + current.wallAheadMs
  const monotonicMs = () => current.bootedMs + (nowMs - current.sleptMs) * current.rate

  function at(ms, run, party = current) {
    const event = { ms: Math.max(ms, nowMs), order: order++, run, party, isOff: false }
    heap.push(event)
    return event
  }

  const afterMs = (ms, run, party) => at(nowMs + ms, run, party)

  function setVirtualTimeout(run, ms = 1, ...args) {
    const event = afterMs(Math.max(Number(ms) || 0, 1) / current.rate, () => run(...args))
    return Object.assign(event, { unref: () => event, ref: () => event, hasRef: () => false })
  }

  const clear = (event) => {
    if (event) event.isOff = true
  }

  /** Runs until `untilMs`; `onEvent(party)` after each event, once all that followed from it without a wait has happened. */
  async function runUntil(untilMs, onEvent) {
    for (let event = heap.peek(); event !== undefined && event.ms <= untilMs; event = heap.peek()) {
      heap.pop()
      if (event.isOff) continue
      if (event.party.asleepUntil > event.ms) {
        heap.push(Object.assign(event, { ms: event.party.asleepUntil, order: order++ }))
        continue
      }
      nowMs = event.ms
      current = event.party
      const began = cpuMs()
      event.run()
      do await new Promise((done) => real.setImmediate(done))
      while (unsettled > 0)
      current.cpuMs += cpuMs() - began
      await onEvent?.(event.party)
      current = nobody
    }
    nowMs = Math.max(nowMs, untilMs)
  }

  /** Stops a party: nothing of it runs until then. In a machine that sleeps the monotonic clock stands still, too. */
  function sleep(party, ms, isMachine) {
    party.asleepUntil = nowMs + ms
    if (isMachine) party.sleptMs += ms
  }

  async function settled(promise) {
    unsettled++
    try {
      return await promise
    } finally {
      unsettled--
    }
  }

  function install(fetch) {
    const kept = { setTimeout, clearTimeout, setInterval, clearInterval, fetch: globalThis.fetch }
    Object.assign(globalThis, {
      setTimeout: setVirtualTimeout,
      clearTimeout: clear,
      // Only what waits to be ready holds the process open by one, and never is to fire.
      setInterval: () => ({ unref() {} }),
      clearInterval() {},
      fetch,
    })
    active = { wallMs, monotonicMs }
    return () => {
      Object.assign(globalThis, kept)
      active = undefined
    }
  }

  /** As this party: what runs sees its clocks. */
  function as(party, run) {
    const before = current
    current = party
    try {
      return run()
    } finally {
      current = before
    }
  }

  return { at, afterMs, runUntil, sleep, settled, install, as, nowMs: () => nowMs, party: () => current, epochMs }
}

function createHeap() {
  const items = []
  const isBefore = (one, other) => one.ms < other.ms || (one.ms === other.ms && one.order < other.order)
  return {
    peek: () => items[0],
    push(item) {
      let i = items.push(item) - 1
      while (i > 0) {
        const parent = (i - 1) >> 1
        if (isBefore(items[parent], item)) break
        items[i] = items[parent]
        i = parent
      }
      items[i] = item
    },
    pop() {
      const [first] = items
      const last = items.pop()
      if (items.length === 0) return first
      let i = 0
      for (;;) {
        let child = 2 * i + 1
        if (child >= items.length) break
        if (child + 1 < items.length && isBefore(items[child + 1], items[child])) child++
        if (isBefore(last, items[child])) break
        items[i] = items[child]
        i = child
      }
      items[i] = last
      return first
    },
  }
}
