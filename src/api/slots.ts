// So many streams at a time, because each holds a connection of the database for as long as its reader takes.

import { Problem } from '../base/problems.ts'

export interface Slots {
  isFull(): boolean
  /** The same pieces; a slot is taken with the first and given back with the last, or when the reader leaves. Throws `unavailable` if there is none. */
  hold(pieces: AsyncIterable<string>): AsyncIterable<string>
}

export function createSlots(most: number): Slots {
  let taken = 0
  return {
    isFull: () => taken >= most,
    async *hold(pieces) {
      if (taken >= most) throw new Problem('unavailable', 'exports', 'Other exports are running.')
      taken += 1
      try {
        yield* pieces
      } finally {
        taken -= 1
      }
    },
  }
}
