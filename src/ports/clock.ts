/** Time and randomness as arguments, so that rules can be tested. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}
export const systemClock: Clock = { now: Date.now }
