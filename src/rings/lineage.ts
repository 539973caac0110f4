// Which ring of today is which ring of before: ids follow the members, by best overlap, and what split or merged is said so.
// Pure and deterministic: the order of rings and of members changes nothing.

export interface KnownRing {
  readonly id: number
  /** Account ids. */
  readonly members: readonly number[]
  /** Whether the scan before had it; a ring that was gone may come back under its id. */
  readonly isCurrent: boolean
}

export interface RingLink {
  readonly from: number
  /** Place of the ring among those found. */
  readonly to: number
  readonly kind: 'continues' | 'split' | 'merged'
  /** Accounts in both. */
  readonly shared: number
}

export interface Lineage {
  /** Per ring found: the id it keeps, or null for a new one. */
  readonly ids: readonly (number | null)[]
  readonly links: readonly RingLink[]
  /** Rings of the scan before that no ring found continues. */
  readonly ended: readonly { readonly id: number; readonly state: 'gone' | 'merged' | 'split' }[]
}

/** A ring is about pairs: one account in common does not make two rings one. */
const SHARED_MIN = 2

export function traceRings(known: readonly KnownRing[], found: readonly (readonly number[])[]): Lineage {
  const overlaps = overlapsOf(known, found)
  const ids: (number | null)[] = found.map(() => null)
  const heirOf = new Map<number, number>()
  for (const { ring, place } of overlaps) {
    if (heirOf.has(ring.id) || ids[place] !== null) continue
    heirOf.set(ring.id, place)
    ids[place] = ring.id
  }
  const links = overlaps
    .filter(({ ring }) => ring.isCurrent || heirOf.has(ring.id))
    .map(({ ring, place, shared }): RingLink => {
      const heir = heirOf.get(ring.id)
      return { from: ring.id, to: place, kind: heir === place ? 'continues' : heir === undefined ? 'merged' : 'split', shared }
    })
  const ended = known.filter((ring) => ring.isCurrent && !heirOf.has(ring.id)).map((ring) => {
    const into = links.filter((link) => link.from === ring.id).length
    return { id: ring.id, state: into === 0 ? 'gone' : into === 1 ? 'merged' : 'split' } as const
  })
  return { ids, links, ended }
}

interface Overlap {
  readonly ring: KnownRing
  readonly place: number
  readonly shared: number
  readonly union: number
  readonly smallestMember: number
}

/** Best first: most accounts in common, current rings before those that were gone, then the closer match. */
function overlapsOf(known: readonly KnownRing[], found: readonly (readonly number[])[]): Overlap[] {
  const ringsOfAccount = new Map<number, KnownRing[]>()
  for (const ring of known) {
    for (const account of ring.members) {
      const rings = ringsOfAccount.get(account)
      if (rings === undefined) ringsOfAccount.set(account, [ring])
      else rings.push(ring)
    }
  }
  const overlaps: Overlap[] = []
  for (const [place, members] of found.entries()) {
    const shared = new Map<KnownRing, number>()
    for (const account of members) {
      for (const ring of ringsOfAccount.get(account) ?? []) shared.set(ring, (shared.get(ring) ?? 0) + 1)
    }
    const smallestMember = members.reduce((least, account) => Math.min(least, account), Infinity)
    for (const [ring, count] of shared) {
      if (count < SHARED_MIN) continue
      overlaps.push({ ring, place, shared: count, union: ring.members.length + members.length - count, smallestMember })
    }
  }
  return overlaps.sort((left, right) =>
    right.shared - left.shared || Number(right.ring.isCurrent) - Number(left.ring.isCurrent) || left.union - right.union
    || left.ring.id - right.ring.id || left.smallestMember - right.smallestMember)
}
