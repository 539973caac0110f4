// Features from the accounts that share identifiers with an account, pair by pair: how many, how often, how alike.
import { fixed } from '../linking/exact.ts'
import { identifierBits } from '../linking/evidence.ts'
import type { LinkingInput, NamedColumn } from './account-features.ts'

const hour = 3600
/** Identifiers on more accounts than this are judged as groups, not pair by pair: pairs grow with the square. */
export const neighbourAccountsMax = 60

export function neighbourFeatures({ postings, facts, strength, links }: LinkingInput): NamedColumn[] {
  const count = postings.accounts
  const column = () => new Float32Array(count)
  const neighbours = column()
  const twice = column()
  const bestBits = column()
  const arrivalGap = column().fill(Number.NaN)
  const volumeGap = column().fill(Number.NaN)
  const alike = column()
  const alikeShare = column()
  const together = column()
  const volumeAlike = column()

  const links_ = new Int32Array(count)
  const bits = new Float64Array(count)
  const bitsOf = Float64Array.from(strength, identifierBits)
  const touched = new Int32Array(count)
  for (let account = 0; account < count; account++) {
    let found = 0
    for (let pair = postings.accountStart[account]!; pair < postings.accountStart[account + 1]!; pair++) {
      const identifier = postings.identifierOf[pair]!
      const from = postings.identifierStart[identifier]!
      const to = postings.identifierStart[identifier + 1]!
      if (links[identifier] === 0 || to - from < 2 || to - from > neighbourAccountsMax) continue
      for (let posting = from; posting < to; posting++) {
        const other = postings.accountOf[posting]!
        if (other === account) continue
        if (links_[other] === 0) touched[found++] = other
        links_[other]!++
        bits[other]! += fixed(bitsOf[identifier]!)
      }
    }
    let closest = Infinity
    let nearest = Infinity
    for (let index = 0; index < found; index++) {
      const other = touched[index]!
      const gapHours = Math.abs(facts.bornAt[account]! - facts.bornAt[other]!) / hour
      const gapVolume = Math.abs(facts.logVolume[account]! - facts.logVolume[other]!)
      if (links_[other]! >= 2) twice[account]!++
      if (bits[other]! > bestBits[account]!) bestBits[account] = bits[other]!
      if (gapHours < closest) closest = gapHours
      if (gapVolume < nearest) nearest = gapVolume
      if (gapHours <= 6) together[account]!++
      if (gapVolume <= 0.1) volumeAlike[account]!++
      if (gapHours <= 24 && gapVolume <= 0.3) alike[account]!++
      links_[other] = 0
      bits[other] = 0
    }
    neighbours[account] = found
    if (found > 0) alikeShare[account] = alike[account]! / found
    if (found > 0 && closest < Infinity) arrivalGap[account] = Math.log2(closest + 1 / 60)
    if (found > 0 && nearest < Infinity) volumeGap[account] = nearest
  }
  return [
    { name: 'neighbours', monotone: 0, values: neighbours },
    { name: 'neighbours_with_two_links', monotone: 1, values: twice },
    { name: 'pair_bits_best', monotone: 1, values: bestBits },
    { name: 'neighbour_arrival_gap_hours_log2', monotone: -1, values: arrivalGap },
    { name: 'neighbour_volume_gap_log2', monotone: -1, values: volumeGap },
    { name: 'neighbours_alike', monotone: 1, values: alike },
    { name: 'neighbours_alike_share', monotone: 1, values: alikeShare },
    { name: 'neighbours_same_6_hours', monotone: 1, values: together },
    { name: 'neighbours_same_volume', monotone: 1, values: volumeAlike },
  ]
}
