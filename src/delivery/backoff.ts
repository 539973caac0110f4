// When a message that did not arrive is sent again, and when it is given up: waiting times grow fourfold up to half a day, with jitter.

const FIRST_SECONDS = 5
const FACTOR = 4
const MOST_SECONDS = 12 * 3600

/** Sent this often in all, over about three days, then given up and listed. */
export const ATTEMPTS_MAX = 12

/** Milliseconds until the next attempt after so many; `random` gives a number from 0 up to 1, so that endpoints are not met in step. */
export function backoffMilliseconds(attempts: number, random: () => number): number {
  const seconds = Math.min(MOST_SECONDS, FIRST_SECONDS * FACTOR ** (attempts - 1))
  return Math.round(seconds * 1000 * (0.5 + random()))
}
