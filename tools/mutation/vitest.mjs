/**
 * Vitest as the tests see it here.
 *
 * A `describe` whose function throws is a test that fails. By itself it would leave a file without tests, and Stryker would take that
 * for one in which none failed.
 *
 * Tests of a table are named by their number. Stryker finds a test again by its name, and one whose name holds what is made anew in
 * each run (a key, a token) would never be run for any change.
 */
import { describe as originalDescribe, it as originalIt, test as originalTest } from 'vitest'

export * from 'vitest'
export const it = watched(originalIt, (word) => word)
export const test = watched(originalTest, (word) => word)
export const describe = watched(originalDescribe, guarded)

function watched(define, wrap) {
  const handler = {
    apply(target, self, words) {
      const result = Reflect.apply(target, self, words.map(wrap))
      return typeof result === 'function' ? watched(result, wrap) : result
    },
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return name === 'each' || name === 'for' ? numbered(value.bind(target), wrap) : watched(value, wrap)
    },
  }
  return new Proxy(define, handler)
}

function numbered(each, wrap) {
  return (...table) => {
    const define = each(...table)
    return (name, ...words) => define(`${name.replace(/%[sdifjoOc]|\$[\w.]+/g, '')} %#`, ...words.map(wrap))
  }
}

function guarded(word) {
  if (typeof word !== 'function') return word
  const fail = (error) =>
    originalIt('can be read', () => {
      throw error
    })
  return (...words) => {
    try {
      const result = word(...words)
      return result instanceof Promise ? result.catch(fail) : result
    } catch (error) {
      fail(error)
    }
  }
}
