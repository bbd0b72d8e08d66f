import { request } from 'node:http'

const flags = /^(-[isSfvN]+|--silent|--show-error|--fail|--fail-with-body|--include|--verbose)$/
const valued = new Map([
  ['-X', 'method'],
  ['--request', 'method'],
  ['-H', 'header'],
  ['--header', 'header'],
  ['-d', 'data'],
  ['--data', 'data'],
  ['--data-raw', 'data'],
  ['--json', 'json'],
  ['-u', 'user'],
  ['--user', 'user'],
])

// Does what `curl` would with these words, for the options that documents use; others are refused by name.
// In Node, so that a machine without curl runs the examples too.
export async function curl(words, timeoutMs) {
  const { url, method, headers, body } = parse(words)
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (answer) => {
      const chunks = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(chunks).toString() }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function parse([, ...words]) {
  const given = { headers: { accept: '*/*' }, data: [] }
  while (words.length > 0) {
    const word = words.shift()
    if (flags.test(word)) continue
    const short = /^-[XHdu]./.test(word) ? word.slice(0, 2) : word
    const name = valued.get(short)
    if (name) set(given, name, short === word ? words.shift() : word.slice(2))
    else if (word.startsWith('-')) throw new Error(`the option ${word} of curl is not known here`)
    else if (given.url) throw new Error(`curl with two addresses: ${given.url} and ${word}`)
    else given.url = word.includes('://') ? word : `http://${word}`
  }
  const body = given.data.length > 0 ? given.data.join('&') : undefined
  if (body !== undefined) given.headers['content-type'] ??= 'application/x-www-form-urlencoded'
  return { url: given.url, method: given.method ?? (body === undefined ? 'GET' : 'POST'), headers: given.headers, body }
}

function set(given, name, value) {
  if (value === undefined) throw new Error(`curl lacks the ${name}`)
  if (name === 'method') given.method = value
  if (name === 'data' || name === 'json') given.data.push(value)
  if (name === 'json') given.headers['content-type'] = 'application/json'
  if (name === 'user') given.headers.authorization = `Basic ${Buffer.from(value).toString('base64')}`
  if (name === 'header') {
    const colon = value.indexOf(':')
    given.headers[value.slice(0, colon).trim().toLowerCase()] = value.slice(colon + 1).trim()
  }
}
