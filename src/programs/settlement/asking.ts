// The check asked for the credits of a batch: names are known from the books, accounts that its index has not read are looked up
// together, and the answers are written with the credits.

import type { Session } from '../../base/session.ts'
import { askWithNames, type CreditAnswer, type CreditBatch, type CreditQuestion, type LookedUpAccount, lookUpAccounts, type PreCreditCheck } from '../../checks/index.ts'
import type { Sheet } from './sheet.ts'

export interface Asker {
  ask(sheet: Sheet, by: { readonly check: PreCreditCheck; readonly actorId: bigint }, question: CreditQuestion): Promise<CreditAnswer>
}

export function createAsker(session: Session): Asker {
  const found = new Map<string, LookedUpAccount>()
  const asked = new Set<string>()

  /** One statement for everybody of the batch, at the first account that the index does not know. */
  async function lookUp(sheet: Sheet, externalIds: readonly string[]): Promise<ReadonlyMap<string, LookedUpAccount>> {
    if (externalIds.some((id) => !asked.has(id))) {
      const unknown = [...new Set([...externalIds, ...sheet.names.values()])].filter((id) => !asked.has(id))
      for (const id of unknown) asked.add(id)
      for (const [id, account] of await lookUpAccounts(session, unknown)) found.set(id, account)
    }
    return new Map(externalIds.flatMap((id) => {
      const account = found.get(id)
      return account === undefined ? [] : [[id, account] as const]
    }))
  }

  return {
    async ask(sheet, { check, actorId }, question) {
      const { programId, inviterId, inviteeId, asset } = question
      const names = {
        program: sheet.rules.programKey(programId), exponent: sheet.rules.exponentOf(asset) ?? 6,
        inviter: sheet.names.get(inviterId) ?? null, invitee: inviteeId === null ? null : sheet.names.get(inviteeId) ?? null,
      }
      const batch: CreditBatch = { lookUp: (externalIds) => lookUp(sheet, externalIds), record: (row) => void sheet.checks.push(row) }
      return askWithNames({ check, caller: { actorId, batch } }, question, names)
    },
  }
}
