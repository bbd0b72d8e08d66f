/** Whom the operations are about. */
import { postJson } from '../../server.js'
import type { World } from './world.js'

let count = 0
export const newName = () => `user${++count}`
export const accountOf = (name: string) => `${name}@example.org`

export function claimsOf(token: string): { readonly sid: string; readonly gen: number; readonly exp: number } {
  return JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
}
export function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()).kid
}

export type Person = Awaited<ReturnType<typeof addPerson>>

/** A user with two logins and an API key, whose token is good as well. */
export async function addPerson(world: World, role = 'user') {
  const name = newName()
  const uid = await world.addUser(accountOf(name), name, role)
  const [own, other] = [await world.logIn(uid), await world.logIn(uid)]
  const key = await world.addApiKey(uid, claimsOf(own.token).sid)
  return { name, uid, own, other, key }
}

/** The next pair of a login, and the text of the answer, at the server whose storage does not fail. */
export async function refreshSoundly({ sound }: World, refresh_token: string) {
  const { status, text, json } = await postJson(sound.url, '/v1/token/refresh', { refresh_token })
  if (status !== 201) throw new Error(`a refresh is answered ${status}: ${text}`)
  return { text, ...(json as { readonly token: string; readonly refresh_token: string }) }
}

/** Of refresh tokens that must not work any more, those that do, in words. */
export async function workingRefreshTokens({ sound }: World, list: readonly string[]): Promise<readonly string[]> {
  const broken: string[] = []
  for (const refresh_token of list) {
    const { status, json } = await postJson(sound.url, '/v1/token/refresh', { refresh_token })
    if (status !== 401 || json.code !== 'refresh_invalid')
      broken.push(`a refresh token of before: ${status} ${json.code}`)
  }
  return broken
}
