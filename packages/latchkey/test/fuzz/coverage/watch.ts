/** What must hold for every input, whatever it is fed to. */
import { must, type Target, WrongAnswer } from './target.js'

const maxMs = 50
/** What every object and list has, and must keep. */
const shared = [Object.prototype, Array.prototype].map((prototype) => {
  const values: Record<PropertyKey, unknown> = prototype as never
  // The value of an accessor is whatever it answers to the prototype itself.
  return { values, kept: Reflect.ownKeys(prototype).map((name) => [name, values[name]] as const) }
})

/** Runs one input. Throws when an answer is wrong, a prototype that all share has changed, or it takes too long twice. */
export function runWatched(target: Target, input: string): void {
  const began = performance.now()
  target.run(input)
  if (performance.now() - began > maxMs) {
    // Of the processor, since others use the machine, too.
    const before = process.cpuUsage()
    target.run(input)
    const { user, system } = process.cpuUsage(before)
    must(user + system <= maxMs * 1000, `takes ${Math.round((user + system) / 1000)} ms`)
  }
  for (const { values, kept } of shared) {
    const isKept =
      Reflect.ownKeys(values).length === kept.length && kept.every(([name, value]) => values[name] === value)
    must(isKept, 'changes a prototype that all objects share')
  }
}

/** What is wrong with the input; undefined for nothing. */
export function faultOf(target: Target, input: string): string | undefined {
  try {
    runWatched(target, input)
    return undefined
  } catch (error) {
    if (error instanceof WrongAnswer) return error.message
    return `throws ${error instanceof Error ? `${error.name}: ${error.message}\n${error.stack?.split('\n')[1] ?? ''}` : String(error)}`
  }
}

const maxTries = 500

/** The input with as much left out as can be while it still has a fault of this kind. */
export function shorten(target: Target, input: string, fault: string): string {
  const kindOf = (text: string | undefined) => text?.replace(/\d+/g, '').slice(0, 30)
  let short = input
  let tries = 0
  for (let length = short.length >> 1; length > 0; length >>= 1) {
    for (let at = 0; at < short.length && tries < maxTries; tries++) {
      const shorter = short.slice(0, at) + short.slice(at + length)
      if (kindOf(faultOf(target, shorter)) === kindOf(fault)) short = shorter
      else at += length
    }
  }
  return short
}
