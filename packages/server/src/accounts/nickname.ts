const minLength = 2
const maxLength = 24

/** The one spelling of a nickname: NFC, without white space around it. */
export function normaliseNickname(nickname: string): string {
  return nickname.normalize('NFC').trim()
}

/** Why `nickname`, normalised, cannot be one. Nicknames need not be unique. */
export function nicknameReasons(nickname: string): string[] {
  const length = [...nickname].length
  if (length < minLength || length > maxLength) return [`must be ${minLength} to ${maxLength} characters long`]
  return /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(nickname) ? ['must not hold control characters'] : []
}
