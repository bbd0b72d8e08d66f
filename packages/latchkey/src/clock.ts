/** The time as Latchkey takes it everywhere: a function that gives milliseconds since the epoch. */
export type Clock = () => number

export const systemClock: Clock = Date.now
