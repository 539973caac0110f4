// Places in a list, for reading on from there: a time in microseconds with an id, as an opaque word that a page gives and takes.

const TIME_AND_ID = /^(\d{1,17})-(\d{1,18})$/

export interface Place {
  readonly microseconds: bigint
  readonly id: bigint
}

/** Before this, everything. */
export const NEWEST: Place = { microseconds: 99_999_999_999_999_999n, id: 999_999_999_999_999_999n }

export function placeText({ microseconds, id }: Place): string {
  return `${microseconds}-${id}`
}

/** Undefined where the word is none that a page gave. */
export function readPlace(text: string): Place | undefined {
  const [, microseconds, id] = TIME_AND_ID.exec(text) ?? []
  return microseconds === undefined || id === undefined ? undefined : { microseconds: BigInt(microseconds), id: BigInt(id) }
}
