import { type BreachedPasswords, openBreachedPasswords } from './breached-passwords.js'
import { consistsOfExpectedWords } from './expected-words.js'
import { passwordReasons } from './password-rule.js'

/** Whose password it shall be; as typed or as stored. */
export interface Chooser {
  readonly account: string
  readonly nickname: string
}

export interface PasswordChoice {
  /**
   * Why a password cannot be chosen: what `passwordReasons` says, words that are expected of this person, or the list of
   * breached passwords. The sentences never hold it.
   * @throws StartError when the list was not opened yet, and cannot be; Error when it cannot be read any more.
   */
  reasons(password: string, chooser: Chooser): Promise<string[]>
  /** Opens the list, so that a start finds out. @throws StartError `breached_passwords_unusable` */
  ready(): Promise<void>
}

/** Makes the rule for passwords that are chosen here. The list is opened when it is first needed: most commands do not. */
export function createPasswordChoice(config: {
  readonly issuer: string
  readonly breachedPasswordsFile: string | undefined
}): PasswordChoice {
  const { issuer, breachedPasswordsFile } = config
  let opened: Promise<BreachedPasswords> | undefined
  function breached(): Promise<BreachedPasswords | undefined> {
    if (breachedPasswordsFile === undefined) return Promise.resolve(undefined)
    opened ??= openBreachedPasswords(breachedPasswordsFile)
    return opened
  }

  return Object.freeze({
    async reasons(password: string, { account, nickname }: Chooser) {
      const general = await passwordReasons(password)
      if (general.length > 0) return general
      if (consistsOfExpectedWords(password, { account, nickname, issuer })) {
        return ['must not mainly consist of your account, your nickname or the name of this service']
      }
      const isBreached = await (await breached())?.has(password)
      return isBreached ? ['must not be on the list of passwords that were breached'] : []
    },
    async ready() {
      await breached()
    },
  })
}
