import type { Socket } from 'node:net'

/** Of PostgreSQL's protocol, section "Message Formats". */
const queryTypes = 'QPBDECHS'

/**
 * Takes PostgreSQL's messages apart (protocol 3.0). Requests: everything that asks for one statement at once, with its text; and
 * other messages one by one, without. Answers: one by one, with a text when the server is ready for the next statement.
 */
export function readMessages(
  from: Socket,
  direction: 'requests' | 'answers',
  take: (bytes: Buffer, text: string | undefined) => void,
): void {
  let rest = Buffer.alloc(0)
  // The first message of a client has no type.
  let typeLength = direction === 'requests' ? 0 : 1
  let parts: Buffer[] = []
  let statement = ''

  function takeMessage(message: Buffer, type: string): void {
    if (direction === 'answers' || !queryTypes.includes(type)) {
      take(message, direction === 'answers' && type === 'Z' ? 'ready' : undefined)
      return
    }
    parts.push(message)
    const texts = message.subarray(5).toString().split('\0')
    if (type === 'Q') statement = texts[0] as string
    if (type === 'P') statement = texts[1] as string
    if (type !== 'Q' && type !== 'S') return
    const bytes = Buffer.concat(parts)
    parts = []
    take(bytes, statement)
  }

  from.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= typeLength + 4) {
      const length = typeLength + rest.readInt32BE(typeLength)
      if (rest.length < length) return
      const message = rest.subarray(0, length)
      rest = rest.subarray(length)
      const type = typeLength === 0 ? '' : String.fromCharCode(message[0] as number)
      if (typeLength === 0) take(message, undefined)
      else takeMessage(message, type)
      typeLength = 1
    }
  })
}
