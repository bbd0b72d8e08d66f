import { Agent, type AgentOptions, type IncomingMessage, request } from 'node:http'

export interface Exchanged {
  readonly status: number
  readonly text: string
}

/** Sends requests to one address over connections that are kept, however many are under way. Rejects when there is no answer. */
export function createExchange(url: string, options: AgentOptions = {}) {
  const agent = new Agent({ keepAlive: true, ...options })
  const { hostname, port } = new URL(url)
  async function exchange(
    method: string,
    path: string,
    token?: string,
    body?: unknown,
    scheme: 'Bearer' | 'Basic' = 'Bearer',
  ): Promise<Exchanged> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...(token === undefined ? {} : { authorization: `${scheme} ${scheme === 'Basic' ? btoa(`${token}:`) : token}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ agent, hostname, port, method, path, headers }, resolve).on('error', reject).end(text)
    })
    let answer = ''
    for await (const chunk of response.setEncoding('utf8')) answer += chunk
    return { status: response.statusCode as number, text: answer }
  }
  return { exchange, close: () => agent.destroy() }
}
