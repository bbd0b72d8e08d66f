/**
 * Where a client keeps its session: one text, which holds the tokens. `localStorage` and its like fit in three lines; any method
 * may answer a promise. What was written by somebody else counts as nothing.
 */
export interface ClientStorage {
  get(): string | null | undefined | Promise<string | null | undefined>
  set(text: string): unknown
  delete(): unknown
}

/** Forgets with the page or process. */
export function createMemoryStorage(): ClientStorage {
  let kept: string | undefined
  return {
    get: () => kept,
    set(text) {
      kept = text
    },
    delete() {
      kept = undefined
    },
  }
}
