/**
 * Whether a text that others are shown holds characters that are none to be seen: controls, ends of lines and paragraphs, halves
 * of surrogate pairs, and those that turn the direction in which what follows is read.
 */
export function holdsControlCharacters(text: string): boolean {
  return /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text)
}
