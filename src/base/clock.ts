// Time as a parameter: nothing else in the project reads the wall clock.

export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** A clock that stands still until it is set or moved: for tests and for generated histories. */
export function manualClock(start: Date): Clock & { set(time: Date): void; advance(seconds: number): void } {
  let current = start.getTime()
  return {
    now: () => new Date(current),
    set: (time) => {
      current = time.getTime()
    },
    advance: (seconds) => {
      current += seconds * 1000
    },
  }
}
