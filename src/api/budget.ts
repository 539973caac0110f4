// At most so many of something per name and window, counted in this process; names are forgotten with their window.

import type { Clock } from '../base/clock.ts'

const NAMES_MAX = 100_000

export function createBudget(clock: Clock, limit: number, windowSeconds: number): { take(name: string): boolean } {
  const taken = new Map<string, number>()
  let window = -1
  return {
    take(name) {
      const current = Math.floor(clock.now().getTime() / 1000 / windowSeconds)
      if (current !== window || taken.size >= NAMES_MAX) taken.clear()
      window = current
      const count = (taken.get(name) ?? 0) + 1
      taken.set(name, count)
      return count <= limit
    },
  }
}
