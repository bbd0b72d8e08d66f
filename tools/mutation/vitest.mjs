// Vitest as the tests see it here: a `describe` whose function throws is a test that fails. By itself it would leave a file without
// tests, and Stryker would take that for one in which none failed.
import { it, describe as original } from 'vitest'

export * from 'vitest'
export const describe = watched(original)

function watched(define) {
  const handler = {
    apply(target, self, words) {
      const result = Reflect.apply(target, self, words.map(guarded))
      return typeof result === 'function' ? watched(result) : result
    },
    get(target, name) {
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? watched(value) : value
    },
  }
  return new Proxy(define, handler)
}

function guarded(word) {
  if (typeof word !== 'function') return word
  const fail = (error) =>
    it('can be read', () => {
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
