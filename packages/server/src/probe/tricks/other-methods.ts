/** Other methods that a framework may answer with the same handler, past a guard that asks for one method. */
import { isSafe, type Operation } from '../operation.js'
import type { Group, Trick } from '../trick.js'

const overrides = ['x-http-method-override', 'x-http-method', 'x-method-override']

/** `isOpen` says of a method whether the file marks it as open at this path: then an answer to it shows nothing. */
export function otherMethods(operation: Operation, isOpen: (method: string) => boolean): Group {
  const { method } = operation
  const carrier = isSafe(operation) || method !== 'POST' ? 'POST' : 'GET'
  const asked: Trick[] = [
    ...(method === 'GET' ? [plainMethod('HEAD')] : []),
    ...overrides.map((header) => ({
      name: `${carrier} with ${header}: ${method}`,
      change: { method: carrier, headers: { [header]: method } },
    })),
    plainMethod(method.toLowerCase()),
    plainMethod('LATCHKEYPROBE'),
    plainMethod('TRACE'),
  ]
  return { name: 'method', tricks: asked.filter(({ change }) => !isOpen(change?.method ?? method)) }
}

function plainMethod(method: string): Trick {
  return { name: method, change: { method } }
}
