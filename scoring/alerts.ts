// Alerts: an identifier that should belong to few belongs to many. It must raise its voice rather than vanish behind a cut,
// or pushing a device onto one account more would hide a farm.
import type { Alert } from './detection.ts'
import type { PreparedPopulation } from './features/extract.ts'
import { kindTraits } from './linking/kinds.ts'
import { accountsOn } from './linking/postings.ts'

/** Linking identifiers on more accounts than this are reported. */
export const popularAccountsMin = 50

/** The most popular first. */
export function findAlerts({ population, postings, links }: PreparedPopulation): Alert[] {
  const alerts: Alert[] = []
  for (let identifier = 0; identifier < postings.identifiers; identifier++) {
    const accounts = accountsOn(postings, identifier)
    if (links[identifier] === 0 || accounts <= popularAccountsMin) continue
    const { family } = kindTraits(population.identifiers.kinds[population.identifiers.kind[identifier]!]!)
    alerts.push({ code: `popular_${family === 'other' ? 'identifier' : family}`, identifier, accounts })
  }
  return alerts.sort((a, b) => b.accounts - a.accounts || a.identifier - b.identifier)
}
