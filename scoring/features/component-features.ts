// Features of the group that strong identifiers tie an account into, at several cuts of strength: size, links, coherence.
import { fixed, quantile } from '../linking/exact.ts'
import { UnionFind } from '../linking/union-find.ts'
import { countingSort } from '../linking/postings.ts'
import type { LinkingInput, NamedColumn } from './account-features.ts'

const hour = 3600

/** Cuts of strength at which components are formed. */
export const componentCuts = [0.3, 0.5, 0.7, 0.85] as const

export function componentFeatures(input: LinkingInput): NamedColumn[] {
  return componentCuts.flatMap((cut) => featuresAtCut(input, cut))
}

function featuresAtCut({ postings, facts, strength, links }: LinkingInput, cut: number): NamedColumn[] {
  const count = postings.accounts
  const sets = new UnionFind(count)
  const ties = new Float64Array(count)
  for (let identifier = 0; identifier < postings.identifiers; identifier++) {
    if (links[identifier] === 0 || strength[identifier]! < cut) continue
    const from = postings.identifierStart[identifier]!
    const to = postings.identifierStart[identifier + 1]!
    for (let posting = from + 1; posting < to; posting++) sets.union(postings.accountOf[from]!, postings.accountOf[posting]!)
    for (let posting = from; posting < to; posting++) ties[postings.accountOf[posting]!]!++
  }
  const labels = sets.labels()
  const accounts = Int32Array.from({ length: count }, (_, account) => account)
  const { order, start } = countingSort(accounts, labels, count)
  const columns = Array.from({ length: 5 }, () => new Float32Array(count).fill(Number.NaN))
  const [size, tieMean, together, alike, spread] = columns as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]
  for (let label = 0; label < count; label++) {
    const members = order.subarray(start[label], start[label + 1])
    if (members.length === 1) size[members[0]!] = 0
    if (members.length < 2) continue
    const births = Float64Array.from(members, (member) => facts.bornAt[member]!).filter((at) => !Number.isNaN(at)).sort()
    const volumes = Float64Array.from(members, (member) => facts.logVolume[member]!).filter((log) => !Number.isNaN(log)).sort()
    let tieSum = 0
    for (const member of members) tieSum += ties[member]!
    const shareTogether = fixed(shareClose(births, 6 * hour))
    const shareAlike = fixed(shareClose(volumes, 0.1))
    const spreadVolume = quantile(volumes, 0.75) - quantile(volumes, 0.25)
    for (const member of members) {
      size[member] = Math.log2(members.length)
      tieMean[member] = tieSum / members.length
      together[member] = shareTogether
      alike[member] = shareAlike
      spread[member] = spreadVolume
    }
  }
  const name = (what: string) => `group_${cut * 100}_${what}`
  return [
    { name: name('accounts_log2'), monotone: 0, values: size },
    { name: name('ties_per_account'), monotone: 1, values: tieMean },
    { name: name('arrival_share_within_6_hours'), monotone: 1, values: together },
    { name: name('volume_share_alike'), monotone: 1, values: alike },
    { name: name('volume_spread_log2'), monotone: -1, values: spread },
  ]
}

function shareClose(sorted: Float64Array, distance: number): number {
  if (sorted.length < 2) return Number.NaN
  let close = 0
  for (let index = 0; index < sorted.length; index++) {
    const before = index > 0 ? sorted[index]! - sorted[index - 1]! : Infinity
    const after = index + 1 < sorted.length ? sorted[index + 1]! - sorted[index]! : Infinity
    if (Math.min(before, after) <= distance) close++
  }
  return close / sorted.length
}
