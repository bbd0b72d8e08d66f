/** Everything that changes something: over HTTP, and by a command. */
import { secret } from '../../server.js'
import { command, sendCommand } from './by-command.js'
import { request, sendRequest } from './by-request.js'
import { ofAll } from './of-all.js'
import { type Operation, repeating, type Unnamed } from './operation.js'
import { accountOf, addPerson, claimsOf, newName, refreshSoundly, workingRefreshTokens } from './people.js'
import type { World } from './world.js'

const registering: Unnamed = {
  ...{ done: 201, again: 409, event: 'register' },
  async prepare() {
    const nickname = newName()
    const body = { account: accountOf(nickname), secret, type: 100, nickname }
    return {
      ...{ scope: { nickname }, tokens: [] },
      send: (lane, calls) => sendRequest(lane, { path: '/v1/client/register', body }, calls),
    }
  },
}

const adding: Unnamed = {
  ...{ done: 0, again: 1, event: 'register' },
  async prepare() {
    const nickname = newName()
    const words = ['user', 'add', accountOf(nickname), '--role', 'admin', '--nickname', nickname, '--secret-stdin']
    return { scope: { nickname }, tokens: [], send: (lane, calls) => sendCommand(lane, words, calls) }
  },
}

/** 401 is what it is answered with once the session has ended, and not before. */
const stolen = request('theft', 401, 401, async ({ own }, world) => {
  const second = await refreshSoundly(world, own.refresh_token)
  const third = await refreshSoundly(world, second.refresh_token)
  return {
    ...{ path: '/v1/token/refresh', body: { refresh_token: own.refresh_token } },
    tokens: [second.token, third.token],
    broken: () => workingRefreshTokens(world, [third.refresh_token]),
  }
})

/** The second time in a row is taken for a theft, also when the first answer was lost. */
const strange = request('refresh_repeated', 201, 401, async ({ own }, world) => {
  const { token, text: answer } = await refreshSoundly(world, own.refresh_token)
  await repeatForAnHour(world, claimsOf(token).sid)
  return { path: '/v1/token/refresh', body: { refresh_token: own.refresh_token }, tokens: [token], answer }
})

/** The stored answer would be kept for half a minute, and a machine may be busy. */
async function repeatForAnHour({ parts: { store } }: World, sid: string): Promise<void> {
  const answer_until = store.now() + 3600
  await store.transaction((transaction) =>
    transaction.updateTable('sessions').set({ answer_until }).where('sid', '=', sid).execute(),
  )
}

const tokenOfAdmin = async (world: World) => (await addPerson(world, 'admin')).own.token

const changed = { old_secret: secret, new_secret: 'another long passphrase' }
const all: Readonly<Record<string, Unnamed>> = {
  register: registering,
  'log in by password': repeating(
    request('login', 201, 201, ({ name }) => ({
      path: '/v1/token',
      body: { account: accountOf(name), secret, type: 100 },
    })),
  ),
  'log in by API key': repeating(
    request('api_key_exchanged', 201, 201, ({ key }) => ({
      path: '/v1/token',
      body: { account: key.id, secret: key.key, type: 300 },
    })),
  ),
  'log in by API key as OAuth says': repeating(
    request('api_key_exchanged', 200, 200, ({ key }) => ({
      path: '/oauth/token',
      form: { grant_type: 'client_credentials', client_id: key.id, client_secret: key.key },
    })),
  ),
  refresh: request(undefined, 201, 201, ({ own: { refresh_token } }) => ({
    path: '/v1/token/refresh',
    body: { refresh_token },
  })),
  'refresh with fewer scopes': request('refresh_scopes', 201, 201, ({ own: { refresh_token } }) => ({
    path: '/v1/token/refresh',
    body: { refresh_token, scope: 'user:read' },
  })),
  'refresh with a token used before': stolen,
  'repeat a refresh from elsewhere': repeating(strange),
  'revoke by access token': request('logout', 200, 200, ({ own: { token } }) => ({
    path: '/v1/token/revoke',
    body: { token },
  })),
  'revoke by refresh token': request('logout', 200, 200, ({ own: { refresh_token: token } }) => ({
    path: '/v1/token/revoke',
    body: { token },
  })),
  'revoke an API key': request('api_key_ended', 200, 200, ({ key: { key: token } }) => ({
    path: '/v1/token/revoke',
    body: { token },
  })),
  'revoke an access token of an API key': request('api_key_tokens', 200, 200, async ({ key }, world) => {
    const token = await world.exchange(key)
    return { path: '/v1/token/revoke', body: { token }, tokens: [token] }
  }),
  'log out everywhere': request('logout_all', 202, 401, ({ own: { token } }) => ({
    ...{ method: 'DELETE', path: '/v1/user/sessions', token },
  })),
  'end one session': request('logout', 202, 404, ({ own: { token }, other }) => ({
    ...{ method: 'DELETE', path: `/v1/user/sessions/${claimsOf(other.token).sid}`, token },
  })),
  'end all sessions of another user': repeating(
    request('logout_all', 202, 202, async ({ uid }, world) => ({
      ...{ method: 'DELETE', path: `/v1/admin/sessions?user=${uid}`, token: await tokenOfAdmin(world) },
    })),
  ),
  'end one session of another user': request('logout', 202, 404, async ({ other }, world) => ({
    ...{ method: 'DELETE', path: `/v1/admin/sessions/${claimsOf(other.token).sid}`, token: await tokenOfAdmin(world) },
  })),
  'change the password': request('secret', 200, 401, ({ own: { token } }) => ({
    ...{ method: 'PUT', path: '/v1/user/secret', token, body: changed },
  })),
  'change the password, and end API keys': request('secret_and_keys', 200, 401, ({ own: { token } }) => ({
    ...{ method: 'PUT', path: '/v1/user/secret', token, body: { ...changed, end_api_keys: true } },
  })),
  'make an API key': repeating(
    request('api_key_made', 201, 201, ({ own: { token } }) => ({
      ...{ path: '/v1/user/api-keys', token, body: { name: 'another program' } },
    })),
  ),
  'end an API key': request('api_key_ended', 202, 404, ({ own: { token }, key }) => ({
    ...{ method: 'DELETE', path: `/v1/user/api-keys/${key.id}`, token },
  })),
  rename: repeating(
    request('nickname', 200, 200, ({ own: { token } }) => ({
      ...{ method: 'PATCH', path: '/v1/user', token, body: { nickname: 'another name' } },
    })),
  ),
  'delete the user': request('delete', 202, 401, ({ own: { token } }) => ({
    ...{ method: 'DELETE', path: '/v1/user', token },
  })),
  'delete another user': request('delete', 202, 404, async ({ uid }, world) => ({
    ...{ method: 'DELETE', path: `/v1/user/${uid}`, token: await tokenOfAdmin(world) },
  })),
  'latchkey user add': adding,
  'latchkey user role': command('role', ({ uid }) => ['user', 'role', String(uid), 'admin']),
  'latchkey user disable': command('disable', ({ uid }) => ['user', 'disable', String(uid)]),
  'latchkey user enable': command(
    'enable',
    ({ uid }) => ['user', 'enable', String(uid)],
    ({ uid }, { parts }) => parts.accounts.disable(String(uid)),
  ),
  'latchkey token issue': repeating(command('token_issued', ({ uid }) => ['token', 'issue', String(uid)])),
  ...ofAll,
}

export const operations: readonly Operation[] = Object.entries(all).map(([name, operation]) => ({ name, ...operation }))
