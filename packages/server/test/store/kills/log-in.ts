/** Registering, logging in, and changing a password. */
import { ask, type Client, usableSessions } from './client.js'
import { addUser } from './journal.js'
import { watchRefusal } from './refusal.js'
import { type Pair, Session } from './session.js'

export async function register(client: Client): Promise<void> {
  const { journal, name } = client
  const account = `user.${name}.${++client.count}@example.org`
  const user = addUser(journal, account, `a long passphrase of ${account}`)
  client.user = user
  const body = { account, secret: user.secret, type: 100, nickname: 'somebody' }
  const make = () => ({ method: 'POST', path: '/v1/client/register', body })
  const { status, json, wasUnknown } = await ask(client, make, { name: 'register' })
  if (status === 201 || (wasUnknown && json.code === 'account_exists')) journal.figures.registrations++
  else journal.violate(`${account} could not register: ${status} ${json.code}`)
}

/** The session that began; undefined after a broken promise. */
export async function logIn(client: Client): Promise<Session | undefined> {
  const { journal, user } = client
  const { account, secret } = user
  let label = ''
  const make = () => {
    label = `login ${client.name} ${++client.count}`
    user.lostLogins.add(label)
    return { method: 'POST', path: '/v1/token', body: { account, secret, type: 100, device: label } }
  }
  const { status, json } = await ask(client, make, { name: 'log in' })
  if (status !== 201) {
    journal.violate(`${account} could not log in: ${status} ${json.code}`)
    return undefined
  }
  user.lostLogins.delete(label)
  const session = new Session(json as Pair, label)
  session.history.push(`${journal.moment()} ${account} began ${session.sid}`)
  user.sessions.push(session)
  journal.figures.logins++
  return session
}

/**
 * Ends all other sessions, and gives this one a new pair. When the answer is lost, so is that pair: no old token gets it again,
 * and the client logs in with the new password.
 */
export async function changeSecret(client: Client, session: Session): Promise<void> {
  const { journal, user } = client
  const old_secret = user.secret
  const new_secret = `a long passphrase, number ${++client.count} of ${user.account}`
  const token = session.accessTokens.at(-1) as string
  const make = () => ({ method: 'PUT', path: '/v1/user/secret', token, body: { old_secret, new_secret } })
  const others = usableSessions(user).filter((one) => one !== session)
  const before = others.map((one) => [one, one.state] as const)
  for (const one of others) one.state = 'unsure'
  const { status, json, text, wasUnknown } = await ask(client, make, { name: 'change the password', session })
  const isLost = wasUnknown && (json.code === 'token_revoked' || json.code === 'auth_failed')
  if (status !== 200 && !isLost) {
    for (const [one, state] of before) one.state = state
    return journal.violate(`the password could not be changed: ${status} ${json.code}`, session)
  }
  user.oldSecrets.push(old_secret)
  user.secret = new_secret
  journal.figures.secretChanges++
  for (const one of others) {
    one.history.push(`${journal.moment()} the password was changed by ${session.sid}`)
    one.end()
    watchRefusal(client, one)
  }
  watchRefusal(client, session)
  session.refusedTokens.push(...session.accessTokens.splice(0))
  session.last = undefined
  if (isLost) return goOnWithout(client, session)
  const wrong = session.take(text, session.generation)
  if (wrong) journal.violate(wrong, session)
}

async function goOnWithout(client: Client, session: Session): Promise<void> {
  const { journal } = client
  journal.figures.secretChangesLost++
  session.state = 'unsure'
  const next = await logIn(client)
  if (next === undefined) return
  const path = `/v1/user/sessions/${session.sid}`
  const make = () => ({ method: 'DELETE', path, token: next.accessTokens.at(-1) as string })
  const { status, wasUnknown } = await ask(client, make, { name: 'end it', session })
  if (status !== 202 && !(status === 404 && wasUnknown)) journal.violate(`it could not be ended: ${status}`, session)
  session.end()
}
