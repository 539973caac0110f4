// Second links: whether the accounts on one identifier meet again on another. A shop's customers do not; a farm's accounts do.
import { fixed, quantile } from './exact.ts'
import { kindTraits } from './kinds.ts'
import { accountsOn } from './postings.ts'
import type { Postings } from './postings.ts'
import type { Population } from '../population.ts'

/** Identifiers on more accounts than this are not followed when second links are sought: they link nobody. */
export const secondLinkAccountsMax = 100

export interface SecondLinks {
  /** Share of accounts that share another linking identifier with another account on this one. */
  readonly share: number
  /** The same, through an identifier of another family. */
  readonly otherFamilyShare: number
  /** log2 of the median number of identifiers that the accounts share with anybody. */
  readonly identifiersPerAccount: number
  /** Share of accounts that share no other identifier with anybody. */
  readonly lonelyShare: number
}

/** Measures one identifier after another; reuses its memory between them. */
export function createSecondLinks(population: Population, postings: Postings) {
  const traits = population.identifiers.kinds.map((kind) => kindTraits(kind))
  const { kind } = population.identifiers
  const member = new Int32Array(postings.accounts).fill(-1)
  return (identifier: number, accounts: Int32Array): SecondLinks => {
    const family = traits[kind[identifier]!]!.family
    for (const account of accounts) member[account] = identifier
    let linked = 0
    let linkedOther = 0
    let lonely = 0
    const degrees = new Float64Array(accounts.length)
    for (let index = 0; index < accounts.length; index++) {
      const account = accounts[index]!
      let found = false
      let foundOther = false
      for (let pair = postings.accountStart[account]!; pair < postings.accountStart[account + 1]!; pair++) {
        const other = postings.identifierOf[pair]!
        const size = accountsOn(postings, other)
        if (size < 2 || other === identifier) continue
        degrees[index]!++
        const otherTraits = traits[kind[other]!]!
        if (!otherTraits.links || size > secondLinkAccountsMax) continue
        if (found && (foundOther || otherTraits.family === family)) continue
        for (let posting = postings.identifierStart[other]!; posting < postings.identifierStart[other + 1]!; posting++) {
          const neighbour = postings.accountOf[posting]!
          if (neighbour === account || member[neighbour] !== identifier) continue
          found = true
          if (otherTraits.family !== family) foundOther = true
          break
        }
      }
      if (found) linked++
      if (foundOther) linkedOther++
      if (degrees[index] === 0) lonely++
    }
    return {
      share: fixed(linked / accounts.length),
      otherFamilyShare: fixed(linkedOther / accounts.length),
      identifiersPerAccount: Math.log2(1 + quantile(degrees.sort(), 0.5)),
      lonelyShare: fixed(lonely / accounts.length),
    }
  }
}
