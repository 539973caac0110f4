// A batch in parts of one transaction: what changes more than postings is written before the next fact that it may concern is worked out.

import type { KnownRules } from './known-rules.ts'
import type { PreparedFact } from './told-facts.ts'

/** In order. Most batches are one part. */
export function segmentsOf(facts: readonly PreparedFact[], rules: KnownRules): PreparedFact[][] {
  const segments: PreparedFact[][] = []
  let current: PreparedFact[] = []
  const begin = (): void => {
    if (current.length > 0) segments.push(current)
    current = []
  }
  let touched = new Set<bigint>()
  for (const prepared of facts) {
    const { fact } = prepared
    // A change of track is in force for what comes after it.
    const isAlone = fact.track !== undefined
    if (isAlone || (rules.haveConsequences && touched.has(fact.accountId))) {
      begin()
      touched = new Set()
    }
    current.push(prepared)
    if (isAlone) begin()
    touched.add(fact.accountId)
  }
  begin()
  return segments
}
