/** What time it is at the server, learnt from its answers: so that an old answer shows, whoever repeats it. */

const windowMs = 10 * 60_000

export interface ServerClock {
  /** An answer came that the server wrote at `nowMs` of its clock. Answers how old it must be at least, in milliseconds. */
  heard(nowMs: number): number
}

/**
 * The quickest answer of the last ten minutes says how the server's clock and this one's differ; an answer that seems to come
 * from earlier was kept by somebody in between. Both clocks may be wrong, as long as they run.
 */
export function createServerClock(): ServerClock {
  const heard: { readonly atMs: number; readonly behindMs: number }[] = []
  return Object.freeze({
    heard(nowMs: number) {
      const atMs = performance.now()
      const behindMs = atMs - nowMs
      while (heard.length > 0 && (heard[0] as { atMs: number }).atMs < atMs - windowMs) heard.shift()
      // Only what is quicker than everything after it can become the quickest.
      while (heard.length > 0 && (heard.at(-1) as { behindMs: number }).behindMs >= behindMs) heard.pop()
      heard.push({ atMs, behindMs })
      return behindMs - (heard[0] as { behindMs: number }).behindMs
    },
  })
}
