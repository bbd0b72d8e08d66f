/** How much more the quick paths take than the reference beside them, as JSON; a few seconds. */
import { createAuth } from 'latchkey'
import { guard } from 'latchkey/node'
import { createVerifier } from 'latchkey/token'
import { audience, createIssuer, forgeries, fresh, issuer } from '../lib/tokens.mjs'
import { createReferenceCache, createReferenceVerifier } from './reference.mjs'

const live = 1_000
const turns = 1_500
const warmUpTurns = 1_000

const own = createIssuer('HS256')
const tokens = own.issueMany(live)
const forged = tokens.map((token) => forgeries(token)['a signature that was changed'])
const options = { keys: [own.key], issuer, audience }
const { verify } = createVerifier({ ...options, cacheEntries: 0 })
const known = createVerifier(options)
const allowed = guard(createAuth(options))
const reference = createReferenceVerifier(Buffer.from(own.key.toPrivateJwk().k, 'base64url'), { issuer, audience })
const referenceCache = createReferenceCache(tokens, reference)
const response = { setHeader() {}, end() {} }

const accept = (check) => (inputs) => {
  for (const input of inputs) if (!check(input)) throw new Error('A good token was refused')
}
const refuse = (check) => (inputs) => {
  for (const input of inputs) if (check(input)) throw new Error('A bad token was accepted')
}

/** With what a guard reads of a request; its strings are new ones, as a parser makes them. */
const requestWith = (token) => ({
  ...{ method: 'GET', url: '/', headers: {}, user: undefined },
  rawHeaders: ['Host', 'a.example', 'Authorization', fresh(`Bearer ${token}`)],
})

const cases = {
  'a new token': { aTurn: 100, of: tokens, make: fresh, ours: accept(verify), reference: accept(reference) },
  'a known token': {
    aTurn: 400,
    of: tokens,
    make: fresh,
    ours: accept(known.verify),
    reference: accept(referenceCache),
  },
  'a guarded request': {
    ...{ aTurn: 200, of: tokens, make: requestWith, ours: accept((request) => allowed(request, response)) },
    reference: accept((request) => referenceCache(request.rawHeaders[3].slice('Bearer '.length))),
  },
  'a refused request': {
    ...{ aTurn: 100, of: forged, make: requestWith, ours: refuse((request) => allowed(request, response)) },
    reference: refuse((request) => reference(request.rawHeaders[3].slice('Bearer '.length))),
  },
}

function measure({ aTurn, of, make, ...contestants }) {
  const seen = { ours: [], reference: [] }
  for (let turn = -warmUpTurns; turn < turns; turn++) {
    for (const name of turn % 2 === 0 ? ['ours', 'reference'] : ['reference', 'ours']) {
      const inputs = Array.from({ length: aTurn }, (_, i) => make(of[(Math.abs(turn) * aTurn + i) % of.length]))
      const began = performance.now()
      contestants[name](inputs)
      if (turn >= 0) seen[name].push(performance.now() - began)
    }
  }
  return lowTenth(seen.ours) / lowTenth(seen.reference)
}

/** What disturbs a turn makes it longer, never shorter. */
const lowTenth = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 10)]

const ratios = Object.fromEntries(Object.entries(cases).map(([name, one]) => [name, measure(one)]))
console.log(JSON.stringify(ratios))
